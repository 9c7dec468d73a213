package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/gofrs/flock"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// settings are what is remembered between runs, and no secret among it.
type settings struct {
	Version  int                `json:"version"`
	Last     string             `json:"last,omitempty"` // the profile that the walk opens with
	Profiles map[string]profile `json:"profiles,omitempty"`
}

// profile is one organization, with what signs in to it.
type profile struct {
	Org      string                    `json:"org"`
	DockerID string                    `json:"docker_id,omitempty"` // the operator's own
	Store    storeKind                 `json:"store,omitempty"`
	Systems  map[engine.SystemID]known `json:"systems,omitempty"`
	// Apps are the applications for Docker, as they were found at the identity providers.
	Apps map[engine.SystemID]remembered `json:"apps,omitempty"`
}

// known is what may be told of a stored credential without its store.
type known struct {
	Proven      time.Time `json:"proven,omitzero"`        // when the system last accepted it
	Expires     time.Time `json:"expires,omitzero"`       // when that is known
	Store       storeKind `json:"store,omitempty"`        // where this one is kept
	DockerLogin bool      `json:"docker_login,omitempty"` // it is docker login's, used with consent and not copied
}

// storeKind is where a profile's credentials are kept.
type storeKind string

const (
	storeKeyring storeKind = "keyring"
	storeFile    storeKind = "file"
)

const settingsVersion = 1

// settingsFile is where settings are kept.
type settingsFile struct{ path string }

func userSettings() settingsFile {
	return settingsFile{filepath.Join(xdg.ConfigHome, "reprovision", "settings.json")}
}

// load reads the settings; none is no error.
func (f settingsFile) load() (settings, error) {
	s := settings{Version: settingsVersion, Profiles: map[string]profile{}}
	raw, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the settings: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("read the settings in %s: %w; correct or delete it: it holds no secret", f.path, err)
	}
	if s.Version > settingsVersion {
		return s, fmt.Errorf("the settings in %s were written by a newer version of this program", f.path)
	}
	if s.Profiles == nil {
		s.Profiles = map[string]profile{}
	}
	return s, nil
}

// settingsWait is how long to wait for other processes to write the settings. Each
// waits for the disk, which may be slow.
const settingsWait = time.Minute

// change reads the settings, changes them and writes them, while no other
// process does.
func (f settingsFile) change(ctx context.Context, do func(*settings) error) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	unlock, err := locked(ctx, f.path+".lock", settingsWait)
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	defer unlock()
	s, err := f.load()
	if err != nil {
		return err
	}
	if err := do(&s); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	if err := replaceFile(f.path, append(raw, '\n')); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// locked waits so long for the lock of a file that processes share.
func locked(ctx context.Context, path string, patience time.Duration) (unlock func(), err error) {
	lock := flock.New(path)
	wait, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if _, err := lock.TryLockContext(wait, 20*time.Millisecond); err != nil {
		return nil, fmt.Errorf("another process holds %s: %w", path, err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// replaceFile writes a file that only its owner can read, in a folder that it
// creates if need be. A crash leaves the old content or the new, never a part.
func replaceFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// record notes what is known of one credential of a profile.
func (f settingsFile) record(ctx context.Context, name string, p profile, id engine.SystemID, k known) error {
	return f.change(ctx, func(s *settings) error {
		have := s.Profiles[name]
		have.Org, have.Store = p.Org, p.Store
		if p.DockerID != "" {
			have.DockerID = p.DockerID
		}
		have.Systems = maps.Clone(have.Systems)
		if have.Systems == nil {
			have.Systems = map[engine.SystemID]known{}
		}
		have.Systems[id] = k
		s.Profiles[name] = have
		return nil
	})
}

// prove notes that a credential of a profile was accepted, if it is still there.
func (f settingsFile) prove(ctx context.Context, name string, id engine.SystemID, at, expires time.Time) error {
	return f.change(ctx, func(s *settings) error {
		if k, ok := s.Profiles[name].Systems[id]; ok {
			k.Proven, k.Expires = at, expires
			s.Profiles[name].Systems[id] = k
		}
		return nil
	})
}

// errNoProfile says that a profile was named that is not there.
var errNoProfile = errors.New("there is no such profile")

// choose finds the profile to work with: the one that is named, or else the one
// of the organization, or else the last one. The name is empty when there is
// none yet; a profile that is named need not be there yet when an organization
// goes with it.
func (s settings) choose(name, org string) (string, profile, error) {
	if name != "" {
		p, ok := s.Profiles[name]
		switch {
		case !ok && org == "":
			return "", profile{}, usageError{fmt.Errorf("profile %q: %w; there is %s. \"reprovision login\" makes one", name, errNoProfile, s.names())}
		case !ok && name != strings.TrimSpace(clean(name)):
			return "", profile{}, usageError{fmt.Errorf("--profile %q: a name has no control characters, and no blanks around it", name)}
		case !ok:
			return name, profile{Org: org}, nil
		case org != "" && p.Org != "" && !strings.EqualFold(p.Org, org):
			return "", profile{}, usageError{fmt.Errorf("profile %q is of organization %s, not of %s: leave out one of the two", name, p.Org, org)}
		}
		return name, p, nil
	}
	if org != "" {
		for _, n := range slices.Sorted(maps.Keys(s.Profiles)) {
			if strings.EqualFold(s.Profiles[n].Org, org) {
				return n, s.Profiles[n], nil
			}
		}
		return org, profile{Org: org}, nil
	}
	if p, ok := s.Profiles[s.Last]; ok {
		return s.Last, p, nil
	}
	return "", profile{}, nil
}

func (s settings) names() string {
	if len(s.Profiles) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(s.Profiles)), ", ")
}

package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// ledger records, in the state directory, the plans made here, the plans carried out
// here, and the manifest accepted for each. A plan contains no secret, so its digest
// proves only that nobody changed it. Only the owner's own ledger can tell whether an
// owner made it.
type ledger struct {
	dir string // the state directory
	now func() time.Time
}

func (l ledger) file(kind, name string) string {
	return filepath.Join(l.dir, "handovers", kind+"-"+name)
}

// issue records a plan made here.
func (l ledger) issue(p engine.HandOverPlan) error {
	return writeState0600(l.file("issued", p.Digest), p)
}

// issuedBefore reports whether a plan made here, whatever became of it, had the same
// repository go to the same target.
func (l ledger) issuedBefore(org string, r engine.HandOverTarget) (bool, error) {
	files, err := filepath.Glob(l.file("issued", "*"))
	if err != nil {
		return false, err
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return false, err
		}
		var p engine.HandOverPlan
		if json.Unmarshal(raw, &p) != nil || p.Org != org {
			continue
		}
		if target, ok := p.Target(r.Source); ok && target == r.Target {
			return true, nil
		}
	}
	return false, nil
}

// takes returns nil if the manifest of a plan can be accepted, or else the reason: the
// plan must have been made here, must not have expired, and must not have been used
// for another manifest.
func (l ledger) takes(p engine.HandOverPlan, done engine.HandOverDone) error {
	switch _, err := os.Stat(l.file("issued", p.Digest)); {
	case errors.Is(err, os.ErrNotExist):
		return refused("this plan was not made on this machine by \"reprovision handover plan\", so it is not known who made it: make a plan and let the member run it; what is already copied is not sent again")
	case err != nil:
		return fmt.Errorf("check whether the plan was made here: %w", err)
	}
	if l.now().After(p.Expires) {
		return refused("the plan expired at " + p.Expires.UTC().Format("2006-01-02 15:04 UTC") + ": make a new one; what is already copied is not sent again")
	}
	raw, err := os.ReadFile(l.file("accepted", p.Digest))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check whether the plan was used before: %w", err)
	}
	var before string
	if json.Unmarshal(raw, &before) != nil || before != sumOf(done) {
		return refused("this plan was already used for another manifest, and a plan can be used only once: make a new one")
	}
	return nil
}

// accept records that the plan was used for this manifest.
func (l ledger) accept(p engine.HandOverPlan, done engine.HandOverDone) error {
	return writeState0600(l.file("accepted", p.Digest), sumOf(done))
}

func sumOf(done engine.HandOverDone) string {
	raw, err := json.Marshal(done)
	if err != nil {
		panic("cmd: a manifest cannot be encoded: " + err.Error()) // it holds strings, numbers and times
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// begins returns nil if the plan may be carried out here, or else the reason.
func (l ledger) begins(p engine.HandOverPlan) error {
	switch now := l.now(); {
	case now.After(p.Expires):
		return refused("the plan expired at " + p.Expires.UTC().Format("2006-01-02 15:04 UTC") + ": ask for a new one")
	case now.Before(p.Made.Add(-time.Hour)):
		return refused("the plan is dated in the future: check the clock of this machine")
	}
	_, err := os.Stat(l.file("used", p.Digest))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("check whether the plan was carried out here before: %w", err)
	}
	return refused("this plan was already carried out here, and a plan can be used only once")
}

// carriedOut records that the plan was carried out here.
func (l ledger) carriedOut(p engine.HandOverPlan) error {
	return writeState0600(l.file("used", p.Digest), p.Expires)
}

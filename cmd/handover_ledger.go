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

// ledger remembers, in the state directory, the plans that were made here, those
// that were carried out here, and what was accepted for each. A plan holds no
// secret, so its digest proves only that nobody has changed it: whether an owner
// made it, only the owner's own ledger knows.
type ledger struct {
	dir string // of the state
	now func() time.Time
}

func (l ledger) file(kind, name string) string {
	return filepath.Join(l.dir, "handovers", kind+"-"+name)
}

// issue notes a plan that is made here.
func (l ledger) issue(p engine.HandOverPlan) error {
	return writeState0600(l.file("issued", p.Digest), p)
}

// takes says why a manifest of a plan is not accepted, nil when it is: the plan
// is one that was made here, it is not over, and it was not used for another
// manifest.
func (l ledger) takes(p engine.HandOverPlan, done engine.HandOverDone) error {
	switch _, err := os.Stat(l.file("issued", p.Digest)); {
	case errors.Is(err, os.ErrNotExist):
		return refused("this plan was not made here by \"reprovision handover plan\", so nobody knows who made it: make one, and let them run it; what is copied already is not sent again")
	case err != nil:
		return fmt.Errorf("look for the plan among those made here: %w", err)
	}
	if l.now().After(p.Expires) {
		return refused("the plan was good until " + p.Expires.UTC().Format("2006-01-02 15:04 UTC") + ": make a new one; what is copied already is not sent again")
	}
	raw, err := os.ReadFile(l.file("accepted", p.Digest))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look whether the plan was used before: %w", err)
	}
	var before string
	if json.Unmarshal(raw, &before) != nil || before != sumOf(done) {
		return refused("this plan was used for another manifest already, and a plan is good once: make a new one")
	}
	return nil
}

// accept notes that the plan is used up by this manifest.
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

// begins says why a plan is not carried out here, nil when it may be.
func (l ledger) begins(p engine.HandOverPlan) error {
	switch now := l.now(); {
	case now.After(p.Expires):
		return refused("the plan was good until " + p.Expires.UTC().Format("2006-01-02 15:04 UTC") + ": ask for a new one")
	case now.Before(p.Made.Add(-time.Hour)):
		return refused("the plan is from the future: check the clock of this machine")
	}
	_, err := os.Stat(l.file("used", p.Digest))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look whether the plan was carried out here before: %w", err)
	}
	return refused("this plan was carried out here already, and a plan is good once")
}

// carriedOut notes that the plan was carried out here.
func (l ledger) carriedOut(p engine.HandOverPlan) error {
	return writeState0600(l.file("used", p.Digest), p.Expires)
}

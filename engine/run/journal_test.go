package run

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func change(id string) engine.Change { return engine.Change{ID: id, Title: "change " + id, Target: id} }

// story is a run that removed somebody and does not know whether the second
// change of the push was made.
func story() []Entry {
	c := engine.Case{Org: "acme", Username: "priya-nair", Snapshot: engine.Snapshot{Taken: true, Role: "member", Teams: []string{"legacy"}}}
	removal := engine.Plan{Action: engine.ActionRemove, Subject: c.Username, Destructive: true, Changes: []engine.Change{change("remove")}}
	push := engine.Plan{Action: engine.ActionPush, Subject: c.Username, Changes: []engine.Change{change("unassign"), change("assign")}}
	ch := func(p engine.Plan, i int) *engine.Change { return &p.Changes[i] }
	receipt := func(p engine.Plan, i int) *engine.Receipt {
		return &engine.Receipt{Action: p.Action, Change: p.Changes[i].ID, Plan: p.Digest(), Status: "HTTP 204", At: noon}
	}
	return []Entry{
		{Kind: EntryBegin, Case: &c},
		{Kind: EntryPlan, Action: removal.Action, Plan: &removal, Case: &c, Approval: &engine.Approval{Digest: removal.Digest()}, Mark: &guide.Mark{Seq: 7, Step: guide.StepRemove}},
		{Kind: EntryIntent, Action: removal.Action, Change: ch(removal, 0)},
		{Kind: EntryOutcome, Action: removal.Action, Change: ch(removal, 0), Receipt: receipt(removal, 0)},
		{Kind: EntryCheck, Action: removal.Action, Check: &engine.Check{OK: true, Text: "gone"}},
		{Kind: EntryPlan, Action: push.Action, Plan: &push, Mark: &guide.Mark{Seq: 9, Step: guide.StepPush, Trail: []guide.Visit{{Step: guide.StepRemove}}}},
		{Kind: EntryIntent, Action: push.Action, Change: ch(push, 0)},
		{Kind: EntryOutcome, Action: push.Action, Change: ch(push, 0), Receipt: receipt(push, 0)},
		{Kind: EntryIntent, Action: push.Action, Change: ch(push, 1)},
	}
}

// written puts entries into a journal below a new folder, and closes it.
func written(t *testing.T, entries ...Entry) (dir, id string) {
	t.Helper()
	dir = t.TempDir()
	j, err := OpenJournal(dir, "acme", noon)
	require.NoError(t, err)
	for i, e := range entries {
		e.At = noon.Add(time.Duration(i) * time.Second)
		require.NoError(t, j.Append(e))
	}
	require.NoError(t, j.Close())
	return dir, "acme-20261123-120000"
}

func journalFile(dir, id string) string { return filepath.Join(dir, "runs", id+suffix) }

func TestAJournalGivesBackWhatWasWritten(t *testing.T) {
	dir, id := written(t, story()...)
	rec, err := Read(dir, id)
	require.NoError(t, err)
	require.Len(t, rec.Entries, len(story()))
	require.Equal(t, "acme", rec.Org)
	require.False(t, rec.Torn)
	require.Equal(t, StatusUnfinished, rec.Status())
	require.True(t, rec.Open())

	c := rec.Case()
	require.Equal(t, []string{"legacy"}, c.Snapshot.Teams)
	require.True(t, c.Settled(engine.ActionRemove))
	require.Len(t, c.Receipts, 2)
	require.Equal(t, []engine.Change{change("assign")}, c.Remaining(engine.ActionPush))
	require.Empty(t, c.Remaining(engine.ActionRemove))

	m := rec.Mark()
	require.Equal(t, guide.StepPush, m.Step)
	require.Equal(t, []guide.Visit{{Step: guide.StepRemove}}, m.Trail)
	require.NotNil(t, m.Plan, "nobody has seen yet whether the push worked")

	doubts := rec.Doubts()
	require.Len(t, doubts, 1)
	require.Equal(t, "assign", doubts[0].Change.ID)
}

func TestEveryOutcomeEndsItsDoubtUnlessItIsUnknown(t *testing.T) {
	ch := change("assign")
	for name, c := range map[string]struct {
		outcome Entry
		doubts  int
	}{
		"made":     {Entry{Kind: EntryOutcome, Action: engine.ActionPush, Change: &ch, Receipt: &engine.Receipt{}}, 0},
		"not made": {Entry{Kind: EntryOutcome, Action: engine.ActionPush, Change: &ch, Error: "404"}, 0},
		"unknown":  {Entry{Kind: EntryOutcome, Action: engine.ActionPush, Change: &ch, Error: "timeout", Unknown: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir, id := written(t, append(story(), c.outcome)...)
			rec, err := Read(dir, id)
			require.NoError(t, err)
			require.Len(t, rec.Doubts(), c.doubts)
		})
	}
}

func TestAFileTornAnywhereIsReadUpToItsLastWholeLineAndHealed(t *testing.T) {
	dir, id := written(t, story()...)
	raw, err := os.ReadFile(journalFile(dir, id))
	require.NoError(t, err)
	start := bytes.LastIndexByte(raw[:len(raw)-1], '\n') + 1
	for cut := range raw {
		whole := bytes.Count(raw[:cut], []byte("\n"))
		got, err := read(bytes.NewReader(raw[:cut]))
		require.NoError(t, err, "cut at %d", cut)
		require.Len(t, got.entries, whole)
		require.Equal(t, cut > 0 && raw[cut-1] != '\n', got.torn)
		if cut <= start || cut%37 != 0 {
			continue
		}
		require.NoError(t, os.WriteFile(journalFile(dir, id), raw[:cut], 0o600))
		j, rec, err := Reopen(dir, id)
		require.NoError(t, err)
		require.True(t, rec.Torn)
		require.NoError(t, j.Append(Entry{Kind: EntryEnd}))
		require.NoError(t, j.Close())
		rec, err = Read(dir, id)
		require.NoError(t, err)
		require.False(t, rec.Torn)
		require.Len(t, rec.Entries, whole+1)
		require.Equal(t, StatusEnded, rec.Status())
	}
}

func TestALastLineThatWasChangedIsTornAndAnyOtherIsDamage(t *testing.T) {
	dir, id := written(t, story()...)
	raw, err := os.ReadFile(journalFile(dir, id))
	require.NoError(t, err)
	lines := bytes.SplitAfter(raw, []byte("\n"))
	lines = lines[:len(lines)-1]
	joined := func(change func([][]byte) [][]byte) []byte {
		copied := make([][]byte, len(lines))
		for i, l := range lines {
			copied[i] = bytes.Clone(l)
		}
		return bytes.Join(change(copied), nil)
	}
	for name, bad := range map[string][]byte{
		"a changed word":   joined(func(l [][]byte) [][]byte { l[1] = bytes.Replace(l[1], []byte("member"), []byte("owners"), 1); return l }),
		"a lost line":      joined(func(l [][]byte) [][]byte { return append(l[:2], l[3:]...) }),
		"lines swapped":    joined(func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }),
		"a line twice":     joined(func(l [][]byte) [][]byte { return append(l[:2:2], l[1:]...) }),
		"something else":   joined(func(l [][]byte) [][]byte { l[0] = []byte("hello\n"); return l }),
		"an empty line":    joined(func(l [][]byte) [][]byte { l[1] = []byte("\n"); return l }),
		"more behind it":   joined(func(l [][]byte) [][]byte { l[1] = append(bytes.TrimSuffix(l[1], []byte("\n")), " {}\n"...); return l }),
		"another checksum": joined(func(l [][]byte) [][]byte { l[0][20] ^= 1; return l }),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(bytes.NewReader(bad))
			require.ErrorIs(t, err, ErrDamaged)
		})
	}
	got, err := read(bytes.NewReader(joined(func(l [][]byte) [][]byte {
		n := len(l) - 1
		l[n] = bytes.Replace(l[n], []byte("assign"), []byte("xssign"), 1)
		return l
	})))
	require.NoError(t, err)
	require.True(t, got.torn)
	require.Len(t, got.entries, len(lines)-1)

	_, err = read(strings.NewReader(`{"v":2,"sum":"","entry":{}}` + "\n"))
	require.ErrorIs(t, err, ErrVersion)
}

func TestJournalsAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "runs"), 0o755))
	j, err := OpenJournal(dir, "acme", noon)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	for path, mode := range map[string]os.FileMode{
		dir: 0o700, filepath.Join(dir, "runs"): 0o700, filepath.Join(dir, "acme.lock"): 0o600, journalFile(dir, "acme-20261123-120000"): 0o600,
	} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), path)
	}
}

func TestRunsOfTheSameSecondAndOddNamesGetTheirOwnFiles(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		j, err := OpenJournal(dir, "../acme/ÿ", noon)
		require.NoError(t, err)
		require.NoError(t, j.Append(Entry{Kind: EntryBegin, Case: &engine.Case{Org: "../acme/ÿ"}}))
		require.NoError(t, j.Close())
	}
	files, err := os.ReadDir(filepath.Join(dir, "runs"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	records, err := List(dir)
	require.NoError(t, err)
	require.Len(t, records, 3)
	for _, id := range []string{"", ".", "..", "../x", "a/b", "nothing"} {
		_, err := Read(dir, id)
		require.ErrorIs(t, err, ErrNoRun, "%q", id)
	}
}

func TestTwoOrganizationsRunAtOnceAndOneDoesNot(t *testing.T) {
	dir := t.TempDir()
	a, err := OpenJournal(dir, "acme", noon)
	require.NoError(t, err)
	b, err := OpenJournal(dir, "umbrella", noon)
	require.NoError(t, err)
	_, err = OpenJournal(dir, "acme", noon)
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, a.Close())
	a, err = OpenJournal(dir, "acme", noon)
	require.NoError(t, err)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
}

func TestAFailedWriteIsMendedBeforeTheNext(t *testing.T) {
	dir, id := written(t, story()[0])
	j, _, err := Reopen(dir, id)
	require.NoError(t, err)
	f := j.(*fileJournal)
	good := f.file
	f.file, err = os.Open(journalFile(dir, id)) // cannot be written to
	require.NoError(t, err)
	var journal *JournalError
	require.ErrorAs(t, j.Append(story()[1]), &journal)
	require.NoError(t, f.file.Close())
	f.file = good
	_, err = good.WriteString(`{"v":1,"half a li`) // what a full disk leaves
	require.NoError(t, err)
	require.NoError(t, j.Append(story()[1]))
	require.NoError(t, j.Close())
	rec, err := Read(dir, id)
	require.NoError(t, err)
	require.Len(t, rec.Entries, 2)
	require.False(t, rec.Torn)
}

func TestALineWithoutEndIsRefused(t *testing.T) {
	_, err := read(strings.NewReader(strings.Repeat("x", maxLine+1)))
	require.ErrorIs(t, err, ErrDamaged)
}

func FuzzJournal(f *testing.F) {
	var whole []byte
	own := ""
	for _, e := range story() {
		raw, next, err := encode(e, own)
		require.NoError(f, err)
		whole, own = append(whole, raw...), next
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-9])
	f.Add([]byte{})
	f.Add([]byte("\n\n"))
	f.Add([]byte(`{"v":1,"sum":"x","entry":null}` + "\n"))
	f.Add([]byte(fmt.Sprintf("{\"v\":1,\"sum\":%q,\"entry\":null}\n", sum("", []byte("null")))))
	f.Add([]byte(fmt.Sprintf("{\"v\":1,\"sum\":%q,\"entry\":{\"kind\":\"plan\"}}\n", sum("", []byte(`{"kind":"plan"}`)))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		require.LessOrEqual(t, got.size, int64(len(raw)))
		rec := Record{Entries: got.entries}
		_ = rec.Case()
		_ = rec.Doubts()
		_ = rec.Mark()
		_ = rec.Status()
		again, err := read(bytes.NewReader(raw[:got.size]))
		require.NoError(t, err)
		require.Equal(t, got.entries, again.entries)
		require.False(t, again.torn)
	})
}

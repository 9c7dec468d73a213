package run

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// EntryKind says what a journal line records.
type EntryKind string

// The kinds.
const (
	EntryBegin   EntryKind = "begin"   // a run, or its resumption, with the case as it was
	EntryPlan    EntryKind = "plan"    // an approved plan, with the case it was made from
	EntryIntent  EntryKind = "intent"  // a change is about to be made
	EntryOutcome EntryKind = "outcome" // it was made, or the reason why not
	EntryCheck   EntryKind = "check"   // what was seen afterwards
	EntryMark    EntryKind = "mark"    // where the walk stands
	EntryEnd     EntryKind = "end"     // the run is over; Text says how
)

// Entry is what one line of the journal records. An intent without an outcome,
// or with an outcome marked Unknown, is a change that may or may not have been
// made.
type Entry struct {
	At       time.Time        `json:"at"`
	Kind     EntryKind        `json:"kind"`
	Action   engine.ActionID  `json:"action,omitempty"`
	Approval *engine.Approval `json:"approval,omitempty"`
	Plan     *engine.Plan     `json:"plan,omitempty"`
	Case     *engine.Case     `json:"case,omitempty"`
	Change   *engine.Change   `json:"change,omitempty"`
	Receipt  *engine.Receipt  `json:"receipt,omitempty"`
	Check    *engine.Check    `json:"check,omitempty"`
	Mark     *guide.Mark      `json:"mark,omitempty"`
	Error    string           `json:"error,omitempty"`
	Unknown  bool             `json:"unknown,omitempty"`
	Text     string           `json:"text,omitempty"`
}

// journalVersion is the version of the line format. Others are rejected.
const journalVersion = 1

// maxLine bounds the length of a line, in bytes. A case has some kilobytes.
const maxLine = 32 << 20

// line is an entry on disk. Sum covers the entry's bytes and the sum of the previous line,
// so that a changed, lost or moved line is detected.
type line struct {
	Version int             `json:"v"`
	Sum     string          `json:"sum"`
	Entry   json.RawMessage `json:"entry"`
}

// Errors of reading a journal.
var (
	ErrDamaged = errors.New("the journal is damaged")
	ErrVersion = errors.New("the journal was written by another version of this program")
)

func sum(before string, entry []byte) string {
	h := sha256.New()
	_, _ = io.WriteString(h, before) // a hash does not fail
	_, _ = h.Write(entry)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// encode encodes an entry as the line after the one with the sum before.
func encode(e Entry, before string) (raw []byte, own string, err error) {
	entry, err := json.Marshal(e)
	if err != nil {
		return nil, "", fmt.Errorf("encode a journal line: %w", err)
	}
	own = sum(before, entry)
	raw, err = json.Marshal(line{Version: journalVersion, Sum: own, Entry: entry})
	if err != nil {
		return nil, "", fmt.Errorf("encode a journal line: %w", err)
	}
	return append(raw, '\n'), own, nil
}

// lines is the decoded content of a journal.
type lines struct {
	entries []Entry
	size    int64  // bytes up to the end of the last complete line
	sum     string // of the last complete line
	torn    bool   // an incomplete line follows
}

// read decodes a journal. Only the last line may be incomplete, after a crash; any other
// unreadable line is an error.
func read(r io.Reader) (lines, error) {
	var out lines
	b := bufio.NewReader(r)
	for n := 1; ; n++ {
		raw, err := nextLine(b)
		switch {
		case errors.Is(err, io.EOF) && len(raw) == 0:
			return out, nil
		case errors.Is(err, io.EOF): // no line end
			out.torn = true
			return out, nil
		case err != nil:
			return out, fmt.Errorf("read line %d: %w", n, err)
		}
		e, own, err := decode(raw, out.sum)
		if err != nil {
			if _, peek := b.Peek(1); errors.Is(peek, io.EOF) && errors.Is(err, ErrDamaged) {
				out.torn = true
				return out, nil
			}
			return out, fmt.Errorf("line %d: %w", n, err)
		}
		out.entries = append(out.entries, e)
		out.sum = own
		out.size += int64(len(raw))
	}
}

// nextLine reads a line including its end.
func nextLine(b *bufio.Reader) ([]byte, error) {
	var raw []byte
	for {
		part, err := b.ReadSlice('\n')
		raw = append(raw, part...)
		switch {
		case len(raw) > maxLine:
			return nil, fmt.Errorf("%w: a line is longer than %d bytes", ErrDamaged, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		}
		return raw, err
	}
}

func decode(raw []byte, before string) (Entry, string, error) {
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		return Entry{}, "", fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if l.Version != journalVersion {
		if l.Version == 0 {
			return Entry{}, "", fmt.Errorf("%w: no version", ErrDamaged)
		}
		return Entry{}, "", fmt.Errorf("%w: version %d, and this one knows %d", ErrVersion, l.Version, journalVersion)
	}
	own := sum(before, l.Entry)
	if own != l.Sum {
		return Entry{}, "", fmt.Errorf("%w: the checksum does not fit", ErrDamaged)
	}
	var e Entry
	if err := json.Unmarshal(l.Entry, &e); err != nil {
		return Entry{}, "", fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return e, own, nil
}

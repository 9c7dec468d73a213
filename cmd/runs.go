package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// runsOptions are those of the commands that look at journals.
type runsOptions struct {
	dir    string // where journals are kept
	asJSON bool
}

func newRuns() *cobra.Command {
	o := &runsOptions{dir: stateDir()}
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs that changed something",
		Long: "runs lists the journals of the runs that changed something, newest first. An unfinished run can be continued with\n" +
			"resume, reverted with undo, or closed as it is.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runRuns(o, c.OutOrStdout()) },
	}
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	show := &cobra.Command{
		Use:               "show ID",
		Short:             "Show what a run did",
		Args:              oneRun,
		ValidArgsFunction: completeRun(o.dir, anyRun),
		RunE:              func(c *cobra.Command, args []string) error { return runShow(o, args[0], c.OutOrStdout()) },
	}
	show.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	c.AddCommand(show, &cobra.Command{
		Use:               "close ID",
		Short:             "Close an unfinished run as it is",
		Args:              oneRun,
		ValidArgsFunction: completeRun(o.dir, run.Record.Open),
		RunE:              func(c *cobra.Command, args []string) error { return runClose(o, args[0], time.Now(), c.OutOrStdout()) },
	})
	return c
}

// oneRun wants the id of a run as the only argument.
func oneRun(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{fmt.Errorf("%s takes the ID of one run; \"reprovision runs\" lists them", c.CommandPath())}
	}
	return nil
}

// runLine is a run in the list.
type runLine struct {
	ID       string       `json:"id"`
	Org      string       `json:"org"`
	Username string       `json:"username"`
	Status   run.Status   `json:"status"`
	Begun    time.Time    `json:"begun"`
	Last     time.Time    `json:"last"`
	Step     guide.StepID `json:"step"`
	Changes  int          `json:"changes"` // made
	Unknown  int          `json:"unknown"` // their outcome is not known
}

func lineOf(r run.Record) runLine {
	c := r.Case()
	return runLine{
		ID: r.ID, Org: c.Org, Username: c.Username, Status: r.Status(), Begun: r.Begun, Last: r.Last,
		Step: r.Mark().Step, Changes: len(c.Receipts), Unknown: len(r.Doubts()),
	}
}

func runRuns(o *runsOptions, out io.Writer) error {
	records, problem := run.List(o.dir) // one that cannot be read hides no other
	lines := make([]runLine, 0, len(records))
	for _, r := range records {
		lines = append(lines, lineOf(r))
	}
	if o.asJSON {
		return errors.Join(printJSON(out, lines), problem)
	}
	if len(lines) == 0 && problem == nil {
		_, err := fmt.Fprintln(out, "No run has changed anything yet.")
		return err
	}
	if len(lines) == 0 {
		return problem
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tORGANIZATION\tMEMBER\tSTATUS\tCHANGES\tLAST") // Flush tells of what failed
	for _, l := range lines {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", l.ID, clean(l.Org), clean(l.Username), l.Status, l.Changes, stamp(l.Last))
	}
	return errors.Join(w.Flush(), problem)
}

func stamp(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // URLs stay readable
	return e.Encode(v)
}

func runShow(o *runsOptions, id string, out io.Writer) error {
	rec, err := run.Read(o.dir, id)
	if err != nil {
		return err
	}
	if o.asJSON {
		return printJSON(out, struct {
			runLine
			Torn     bool            `json:"torn"`
			Snapshot engine.Snapshot `json:"snapshot"`
			Entries  []run.Entry     `json:"entries"`
		}{lineOf(rec), rec.Torn, rec.Case().Snapshot, rec.Entries})
	}
	l := lineOf(rec)
	w := &words{out: out}
	w.say("%s in %s: %s", clean(l.Username), clean(l.Org), l.Status)
	if s := rec.Case().Snapshot; s.Taken {
		w.say("before: %s, teams %s", clean(s.Role), clean(fmt.Sprint(s.Teams)))
	}
	for _, e := range rec.Entries {
		if text := entryText(e); text != "" {
			w.say("%s  %s", stamp(e.At), clean(text))
		}
	}
	for _, d := range rec.Doubts() {
		w.say("Outcome unknown: %s", clean(d.Change.Title))
	}
	if rec.Torn {
		w.say("A crash cut the last line off; it is ignored.")
	}
	switch rec.Status() {
	case run.StatusUnfinished:
		w.say("Resume it: reprovision resume %s", rec.ID)
	case run.StatusUndoing:
		w.say("Continue the undo: reprovision undo %s", rec.ID)
	case run.StatusEnded, run.StatusUndone, run.StatusClosed:
	}
	return w.err
}

// words prints lines and keeps the first error.
type words struct {
	out io.Writer
	err error
}

func (w *words) say(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format+"\n", args...)
	}
}

// entryText is a journal line in words; those that only help a program have
// none.
func entryText(e run.Entry) string {
	switch e.Kind {
	case run.EntryBegin:
		if e.Text == "" {
			return "begun"
		}
		return e.Text
	case run.EntryPlan:
		return "approved: " + e.Plan.Title
	case run.EntryIntent:
		return "  about to: " + e.Change.Title
	case run.EntryOutcome:
		switch {
		case e.Receipt != nil && e.Receipt.Note != "":
			return "  done: " + e.Receipt.Status + " (" + e.Receipt.Note + ")"
		case e.Receipt != nil:
			return "  done: " + e.Receipt.Status
		case e.Unknown:
			return "  outcome unknown: " + e.Error
		}
		return "  failed: " + e.Error
	case run.EntryCheck:
		return "seen: " + e.Check.Text
	case run.EntryEnd:
		return "ended: " + e.Text
	case run.EntryMark:
	}
	return ""
}

func runClose(o *runsOptions, id string, now time.Time, out io.Writer) error {
	j, rec, err := run.Reopen(o.dir, id)
	if err != nil {
		return err
	}
	if !rec.Open() {
		return errors.Join(usageError{fmt.Errorf("run %s is not unfinished, it is %s", id, rec.Status())}, j.Close())
	}
	if err := errors.Join(run.Close(j, now), j.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is closed. Its journal is kept, and undo can still revert what it changed.\n", id)
	return err
}

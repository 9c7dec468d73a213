//go:build !windows

package cmd

import (
	"os/exec"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// ctrl+z gives the terminal back to the shell, and fg brings the walk back. Where no
// shell is there to say fg, the key does nothing.
func TestTheWalkCanBeSuspendedWhereAShellCanContinueIt(t *testing.T) {
	t.Parallel()
	path, err := buildProgram()
	require.NoError(t, err)
	dir := t.TempDir()
	c := exec.Command("sh", "-m", "-c", `"$0" demo; echo STOPPED; read -r line; fg >/dev/null; echo "ENDED $? $line"`, path)
	c.Dir, c.Env = dir, lineEnv(dir, "TERM=xterm-256color")
	f, err := pty.StartWithSize(c, &pty.Winsize{Rows: terminalHeight, Cols: terminalWidth})
	require.NoError(t, err)
	x := newTerminal(t, f)
	x.command = c
	x.show(func() { _ = c.Process.Kill() })
	const ctrlZ = "\x1a"
	x.see("Whose role or team is wrong?")
	x.press("theo" + ctrlZ)
	x.see("STOPPED")
	x.press("meanwhile" + enter)
	x.see("Whose role or team is wrong?", "theo", "1 of 35")
	x.press("\x03")
	x.see("ENDED 0 meanwhile")
	require.Zero(t, x.end())

	alone := openTerminal(t, "demo")
	alone.see("Whose role or team is wrong?")
	alone.press(ctrlZ + "theo")
	alone.see("1 of 35")
	alone.press("\x03")
	require.Zero(t, alone.end())
}

package cmd

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/seed-05b3d87e/reprovision"

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
	GoFiles    []string
	Dir        string
	Doc        string
}

func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,GoFiles,Dir,Doc", "../...").Output()
	require.NoError(t, err)
	all := map[string]goPackage{}
	d := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else {
			require.NoError(t, err)
		}
		all[strings.TrimPrefix(p.ImportPath, module+"/")] = p
	}
}

func TestImportsRunOneWay(t *testing.T) {
	all := packages(t)
	require.Contains(t, all, "engine/run")
	below := func(pkg, prefix string) bool { return pkg == prefix || strings.HasPrefix(pkg, prefix+"/") }
	// pkg may not reach what starts with any of these, not even indirectly.
	rules := map[string][]string{
		"engine":          {module + "/", "net/http", "os/exec", "charm.land/"},
		"engine/guide":    {module + "/api/", module + "/tui", "net/http", "os/exec", "charm.land/"},
		"engine/diagnose": {module + "/api/", module + "/tui", "net/http", "os/exec", "charm.land/"},
		"engine/report":   {module + "/api/", module + "/tui", "net/http", "os/exec", "charm.land/"},
		"engine/run":      {module + "/api/", module + "/tui", module + "/engine/observe", module + "/engine/remedy", "net/http", "charm.land/"},
		"engine/observe":  {module + "/tui", "charm.land/"},
		"engine/remedy":   {module + "/tui", "charm.land/"},
	}
	for name, p := range all {
		for rule, forbidden := range rules {
			if name == rule {
				requireReachesNone(t, p, forbidden)
			}
		}
		if below(name, "tui") {
			requireReachesNone(t, p, []string{module + "/api/", "net/http"})
		}
		if below(name, "api") {
			requireReachesNone(t, p, []string{module + "/engine", module + "/tui", module + "/cmd", "charm.land/"})
		}
		if below(name, "api/sandbox") {
			requireReachesNone(t, p, []string{module + "/"})
		}
		requireReachesNone(t, p, []string{"charm.land/lipgloss/v2/compat"})
	}
}

func requireReachesNone(t *testing.T, p goPackage, forbidden []string) {
	t.Helper()
	for _, dep := range p.Deps {
		for _, f := range forbidden {
			if dep == strings.TrimSuffix(f, "/") || strings.HasPrefix(dep, f) {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
		}
	}
}

func TestEveryPackageHasACommentAndShortFiles(t *testing.T) {
	const limit = 500
	for name, p := range packages(t) {
		require.NotEmpty(t, p.Doc, "%s has no package comment", name)
		for _, bad := range []string{"util", "utils", "helpers", "common", "types", "misc"} {
			require.NotEqual(t, bad, filepath.Base(name))
		}
		for _, f := range p.GoFiles {
			raw, err := os.ReadFile(filepath.Join(p.Dir, f))
			require.NoError(t, err)
			require.LessOrEqual(t, strings.Count(string(raw), "\n"), limit, "%s/%s", name, f)
		}
	}
}

func TestGoCodeLivesInTheFourFolders(t *testing.T) {
	entries, err := os.ReadDir("..")
	require.NoError(t, err)
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if found, _ := filepath.Glob(filepath.Join("..", e.Name(), "*.go")); len(found) > 0 {
			require.Contains(t, []string{"cmd", "tui", "engine", "api"}, e.Name())
		}
	}
}

// Each module that go.mod requires for our own sake stands in the page of
// dependencies, by the last part of its path that is a name.
func TestEveryDependencyIsNamedWithItsReason(t *testing.T) {
	raw, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	page, err := os.ReadFile("../docs/dependencies.md")
	require.NoError(t, err)
	own := 0
	for line := range strings.Lines(string(raw)) {
		path, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || !strings.Contains(path, "/") || !strings.HasPrefix(rest, "v") || strings.Contains(rest, "// indirect") {
			continue
		}
		own++
		name := filepath.Base(path)
		if strings.HasPrefix(name, "v") && len(name) == 2 {
			name = filepath.Base(filepath.Dir(path))
		}
		require.Contains(t, string(page), name, "%s is not in docs/dependencies.md", path)
	}
	require.Greater(t, own, 20)
}

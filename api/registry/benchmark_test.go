package registry_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/require"
)

// BenchmarkHandOver copies the same repository into the same registry with this
// package, with "crane copy --all-tags" and with "skopeo sync", all through the
// counting proxy: 20 tags of two platforms each that share their lower layers.
// It is run by hand:
//
//	go test ./api/registry -run '^$' -bench HandOver -benchtime 5x
func BenchmarkHandOver(b *testing.B) {
	d := newDistribution(b)
	lower := []v1.Layer{newNoise(b, 4<<20, 1), newNoise(b, 2<<20, 2), newNoise(b, 1<<20, 3)}
	for n := range 20 {
		index := v1.ImageIndex(empty.Index)
		for m, architecture := range []string{"amd64", "arm64"} {
			i, err := mutate.AppendLayers(empty.Image, append(append([]v1.Layer{}, lower...), newNoise(b, 256<<10, byte(10+2*n+m)))...)
			require.NoError(b, err)
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: i, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}}})
		}
		d.seed(fmt.Sprintf("priya/tool:%02d", n), index)
	}
	program := func(name string) string {
		path, err := exec.LookPath(name)
		if err != nil {
			return ""
		}
		return path
	}
	contenders := []struct {
		name string
		copy func(b *testing.B, target string)
	}{
		{"reprovision", func(b *testing.B, target string) {
			c, r := d.client(0), d.request()
			r.Target = d.host + "/" + target
			_, err := c.Copy(approved(b.Context(), c, r.Target), r, nil)
			require.NoError(b, err)
		}},
		{"crane", func(b *testing.B, target string) {
			path := program("crane")
			if path == "" {
				b.Skip("crane is not installed")
			}
			run(b, path, "copy", "--insecure", "--all-tags", "--jobs", "6", d.host+"/priya/tool", d.host+"/"+target)
		}},
		{"skopeo", func(b *testing.B, target string) {
			path := program("skopeo")
			if path == "" {
				b.Skip("skopeo is not installed")
			}
			run(b, path, "--insecure-policy", "sync", "--all", "--src", "docker", "--dest", "docker", "--src-tls-verify=false", "--dest-tls-verify=false",
				d.host+"/priya/tool", d.host+"/"+filepath.Dir(target))
		}},
	}
	for _, x := range contenders {
		b.Run(x.name, func(b *testing.B) {
			var requests, heads int
			var sent int64
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				target := fmt.Sprintf("acme-%s-%d-%d/tool", x.name, b.N, n)
				d.used()
				b.StartTimer()
				x.copy(b, target)
				b.StopTimer()
				d.mu.Lock()
				heads += d.counts[http.MethodHead]
				d.mu.Unlock()
				r, s := d.used()
				requests, sent = requests+r, sent+s
				b.StartTimer()
			}
			n := float64(max(b.N, 1))
			b.ReportMetric(float64(requests)/n, "requests/op")
			b.ReportMetric(float64(heads)/n, "HEAD/op")
			b.ReportMetric(float64(sent)/n, "sent-B/op")
		})
	}
}

func run(b *testing.B, path string, args ...string) {
	b.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "HOME="+b.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
}

package registry_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/require"
)

// BenchmarkHandOver copies the same repository within the same registry with this
// package, with "crane copy --all-tags" and with "skopeo sync", each in a process
// of its own and through the counting proxy: 20 tags of two platforms each that
// share their lower layers. The three take turns, so that whatever else the
// machine does strikes all alike; the times are medians. It is run by hand: see
// docs/handover.md.
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
	crane, skopeo := program(b, "crane"), program(b, "skopeo")
	contenders := []*contender{
		{name: "ours", copy: func(target string) { require.NoError(b, d.copyInChild("priya/tool", target).Wait()) }},
		{name: "crane", copy: func(target string) {
			run(b, crane, "copy", "--insecure", "--all-tags", "--jobs", "6", d.host+"/priya/tool", d.host+"/"+target)
		}},
		{name: "skopeo", copy: func(target string) {
			run(b, skopeo, "--insecure-policy", "sync", "--all", "--src", "docker", "--dest", "docker", "--src-tls-verify=false", "--dest-tls-verify=false",
				d.host+"/priya/tool", d.host+"/"+filepath.Dir(target))
		}},
	}
	round := 0
	for b.Loop() {
		for i := range contenders {
			x := contenders[(i+round)%len(contenders)]
			d.used()
			began := time.Now()
			x.copy(fmt.Sprintf("acme-%s-%d/tool", x.name, round))
			x.times = append(x.times, time.Since(began))
			requests, sent := d.used()
			x.requests, x.sent = x.requests+requests, x.sent+sent
		}
		round++
	}
	b.ReportMetric(0, "ns/op")
	ours := contenders[0]
	for _, x := range contenders {
		b.ReportMetric(float64(x.median().Milliseconds()), x.name+"-ms")
		b.ReportMetric(float64(x.requests)/float64(round), x.name+"-requests")
		b.ReportMetric(float64(x.sent)/float64(round), x.name+"-sent-B")
		if x != ours {
			b.ReportMetric(float64(ours.median())/float64(x.median()), "of-"+x.name+"-time")
			b.ReportMetric(float64(ours.requests)/float64(x.requests), "of-"+x.name+"-requests")
		}
	}
}

// contender is one program that copies.
type contender struct {
	name     string
	copy     func(target string)
	times    []time.Duration
	requests int
	sent     int64
}

func (x *contender) median() time.Duration {
	slices.Sort(x.times)
	return x.times[len(x.times)/2]
}

func program(b *testing.B, name string) string {
	b.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		b.Skip(name + " is not installed: docs/handover.md says how to get it")
	}
	return path
}

func run(b *testing.B, path string, args ...string) {
	b.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "HOME="+b.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
}

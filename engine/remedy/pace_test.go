package remedy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestTheTimeLeftFollowsThePaceOfLately(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var p pace
	require.Zero(t, p.left(at, 0, 1000), "nothing can be said at the beginning")
	// 900 were mounted at once; what travels then goes at 2 a second.
	require.Zero(t, p.left(at.Add(time.Second), 900, 1000))
	var left time.Duration
	for s := range 40 {
		left = p.left(at.Add(time.Duration(2+s)*time.Second), 900+int64(2*(s+1)), 1000)
	}
	require.Equal(t, 10*time.Second, left, "20 are left")
	require.Zero(t, p.left(at.Add(time.Minute), 1000, 1000))
	for range 1000 { // it comes faster than it is kept
		p.left(at.Add(time.Minute), 1000, 1000)
	}
	require.LessOrEqual(t, len(p.marks), 70)
}

func TestACopyTellsBytesLayersAndTags(t *testing.T) {
	var p pace
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	require.Equal(t, engine.Progress{Text: "Copy it", Item: "reading the original"}, p.progress("Copy it", registry.Progress{Tags: 3}, at))
	require.Equal(t, engine.Progress{
		Text: "Copy it", Item: "tag latest", Done: 10, Total: 40, Unit: "bytes",
		More: []engine.Amount{{Done: 4, Total: 9, Unit: "layers"}, {Done: 1, Total: 3, Unit: "tags"}},
	}, p.progress("Copy it", registry.Progress{Tag: "latest", TagsDone: 1, Tags: 3, BlobsDone: 4, Blobs: 9, Bytes: 10, AllBytes: 40}, at))
}

//go:build race

package tui

// Under the race detector drawing takes several times as long, so that a sample
// has to do; the whole is done without it.
const sizeStride = 15

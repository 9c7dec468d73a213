//go:build !race

package tui

// sizeStride is how many heights the test of all sizes goes on at a time.
const sizeStride = 1

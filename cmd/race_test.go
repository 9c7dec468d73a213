//go:build race

package cmd

// Under the race detector everything takes several times as long, so that a
// sample has to do; the whole is done without it.
const (
	killStride   = 6
	faultRuns    = 15
	randomOwners = 8
)

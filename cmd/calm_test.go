//go:build !race

package cmd

// killStride is how many points the kill test goes on at a time; faultRuns is
// how many runs the fault test makes; randomOwners is how many owners walk at random.
const (
	killStride   = 1
	faultRuns    = 100
	randomOwners = 50
)

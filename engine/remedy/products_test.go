package remedy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp/manual"
	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestEveryProductThatIsOfferedHasItsClicksAndNoOther(t *testing.T) {
	var known []engine.Product
	for _, p := range manual.Products() {
		known = append(known, engine.Product{ID: p.ID, Name: p.Name})
	}
	require.Equal(t, engine.Products(), known)
}

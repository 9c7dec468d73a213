package registry

import (
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// shelf keeps manifests that were read at sources: a plan reads them to say what
// would be copied, and the copy needs them again. Docker Hub counts each reading
// as a pull. What is at a target is never taken from here: whether it is there is
// the question.
type shelf struct {
	mu    sync.Mutex
	nodes map[shelved]*node
	size  int
}

// shelved is a manifest with the repository and the credential it was read with.
type shelved struct {
	repo, user string
	digest     v1.Hash
}

// shelfSize is how many bytes of manifests are kept at most.
const shelfSize = 32 << 20

func (s *shelf) get(k shelved) *node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nodes[k]
}

func (s *shelf) put(k shelved, n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size += len(n.raw); s.nodes == nil || s.size > shelfSize {
		s.nodes, s.size = map[shelved]*node{}, len(n.raw)
	}
	s.nodes[k] = n
}

package registry

import (
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// manifestCache keeps manifests read from copy sources, so that a copy does not read
// again what its plan has read: Docker Hub counts every manifest read as a pull.
// Manifests of a target are never cached, because whether they still exist is what is
// being checked.
type manifestCache struct {
	mu    sync.Mutex
	nodes map[cacheKey]*node
	size  int
}

// cacheKey identifies a manifest by repository, credential and digest.
type cacheKey struct {
	repo, user string
	digest     v1.Hash
}

// maxCacheSize is the maximum size of the cached manifests, in bytes.
const maxCacheSize = 32 << 20

func (c *manifestCache) get(k cacheKey) *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[k]
}

func (c *manifestCache) put(k cacheKey, n *node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += len(n.raw); c.nodes == nil || c.size > maxCacheSize {
		c.nodes, c.size = map[cacheKey]*node{}, len(n.raw)
	}
	c.nodes[k] = n
}

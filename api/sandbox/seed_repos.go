package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// seededRepo is a repository with its tags. Tags of the same number hold the same
// image.
type seededRepo struct {
	repo

	pusher string
	at     time.Time
	tags   []seededTag
}

type seededTag struct {
	name  string
	image int64 // seeds the content
}

var seededRepos = []seededRepo{
	{
		repo: repo{
			namespace: "priya-nair", name: "build-cache", description: "Cached layers of the nightly builds",
			fullDescription: "# build-cache\n\nPulled by the build machines every night.\n", pulls: 4812, stars: 2,
		},
		pusher: "priya-nair", at: day(2025, time.November, 4),
		tags: []seededTag{{"nightly", 11}, {"stable", 12}},
	},
	{
		repo: repo{
			namespace: "priya-nair", name: "deploy-tool", private: true, description: "Deploys the billing services",
			fullDescription: "# deploy-tool\n\nUsed by the release pipeline.\n", pulls: 391,
		},
		pusher: "priya-nair", at: day(2026, time.August, 21),
		tags: []seededTag{{"1.0", 21}, {"1.1", 22}, {"latest", 22}},
	},
	{
		repo: repo{
			namespace: "acme", name: "billing-api", private: true, description: "The billing service", pulls: 20944,
			fullDescription: "# billing-api\n",
		},
		pusher: "priya-nair", at: day(2026, time.October, 30),
		tags: []seededTag{{"3.8.0", 31}, {"3.8.1", 32}, {"latest", 32}},
	},
	{
		repo: repo{
			namespace: "acme", name: "storefront", description: "The shop's front end", pulls: 88120, stars: 14,
			fullDescription: "# storefront\n",
		},
		pusher: "sam-okafor", at: day(2026, time.November, 9),
		tags: []seededTag{{"2026.11", 41}},
	},
}

// seedRepositories pushes the images through the registry's own handler, without
// a network, so that they are there exactly as if a person had pushed them.
func (s *Sandbox) seedRepositories() error {
	indexes, err := seededIndexes()
	if err != nil {
		return err
	}
	registry := inProcess{s.registryWrites()}
	for _, seeded := range append(slices.Clone(seededRepos), furtherRepos(s.options.Repositories)...) {
		s.org.mu.Lock()
		s.org.moment = seeded.at.AddDate(-1, 0, 0)
		created := s.org.addRepository(seeded.repo, seeded.pusher)
		if seeded.namespace == s.org.name {
			created.permissions["backend"] = "write"
		}
		s.org.moment = seeded.at
		s.org.mu.Unlock()
		for _, t := range seeded.tags {
			if err := registry.push(seeded, t, indexes[t.image]); err != nil {
				return fmt.Errorf("push %s:%s: %w", seeded.fullName(), t.name, err)
			}
		}
	}
	s.org.mu.Lock()
	s.org.moment = time.Time{}
	s.org.mu.Unlock()
	return nil
}

// furtherRepos are so many more repositories of a person. The first has the name
// of a repository of the organization, and other content.
func furtherRepos(n int) []seededRepo {
	var out []seededRepo
	for i := range n {
		r := seededRepo{
			repo:   repo{namespace: "priya-nair", name: fmt.Sprintf("service-%04d", i), private: i%3 == 1, description: "One of many"},
			pusher: "priya-nair", at: day(2026, time.March, 1+i%28), tags: []seededTag{{"latest", 11}},
		}
		if i == 0 {
			r.name, r.description = "storefront", "A first draft of the shop"
		}
		out = append(out, r)
	}
	return out
}

// registryWrites is the registry without its rules about who may write: seeds
// are pushed by the person whose name the user part carries.
func (s *Sandbox) registryWrites() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		repoName, kind, reference, ok := registryPath(r.URL.Path)
		if !ok {
			s.images.handler.ServeHTTP(w, r)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), repoKey{}, repoName))
		pusher, _, _ := r.BasicAuth()
		if kind == "manifests" && r.Method == http.MethodPut {
			s.putManifest(w, r, identity{name: pusher}, repoName, reference)
			return
		}
		s.images.handler.ServeHTTP(w, r)
	})
}

// inProcess is a transport that calls a handler.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	answer := carryOut(p.handler, r)
	return &http.Response{
		StatusCode: answer.status, Status: http.StatusText(answer.status), Header: answer.header, Request: r,
		ContentLength: int64(answer.body.Len()), Body: io.NopCloser(&answer.body), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func (p inProcess) push(seeded seededRepo, t seededTag, index v1.ImageIndex) error {
	ref, err := name.ParseReference("sandbox.invalid/"+seeded.fullName()+":"+t.name, name.Insecure)
	if err != nil {
		return err
	}
	return remote.WriteIndex(ref, index, remote.WithTransport(p), remote.WithAuth(&authn.Basic{Username: seeded.pusher, Password: "-"}), remote.WithJobs(1))
}

// seededIndexes makes the images of all numbers once for all sandboxes: they are
// values that nobody changes.
var seededIndexes = sync.OnceValues(func() (map[int64]v1.ImageIndex, error) {
	out := map[int64]v1.ImageIndex{}
	for _, seeded := range seededRepos {
		for _, t := range seeded.tags {
			index, err := seededIndex(t.image)
			if err != nil {
				return nil, fmt.Errorf("make the image of %s:%s: %w", seeded.fullName(), t.name, err)
			}
			out[t.image] = index
		}
	}
	return out, nil
})

// seededIndex makes a small image for two platforms, always the same for a
// number. The layers are not compressed, so that their digests do not depend on
// the compressor of a Go release.
func seededIndex(number int64) (v1.ImageIndex, error) {
	index := v1.ImageIndex(empty.Index)
	for i, architecture := range []string{"amd64", "arm64"} {
		source := rand.NewSource(number*10 + int64(i))
		image := empty.Image
		for range 2 {
			layer, err := random.Layer(512, types.DockerUncompressedLayer, random.WithSource(source))
			if err != nil {
				return nil, err
			}
			content, err := layer.Uncompressed()
			if err != nil {
				return nil, err
			}
			tar, err := io.ReadAll(content)
			if err = errors.Join(err, content.Close()); err != nil {
				return nil, err
			}
			if image, err = mutate.AppendLayers(image, static.NewLayer(tar, types.DockerUncompressedLayer)); err != nil {
				return nil, err
			}
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		config = config.DeepCopy()
		config.OS, config.Architecture = "linux", architecture
		if image, err = mutate.ConfigFile(image, config); err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	return index, nil
}

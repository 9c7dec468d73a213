package registry

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Content says what can be done with a tag.
type Content string

// The contents of tags.
const (
	ContentImage Content = ""      // an image to run
	ContentChart Content = "chart" // a Helm chart
	ContentFiles Content = "files" // files with names, as ORAS pushes and pulls them
	ContentOther Content = "other" // a signature, an attestation, a build cache, …
)

// helmConfig is the type of a chart's configuration (Helm, "Use OCI-based registries").
const helmConfig types.MediaType = "application/vnd.cncf.helm.config.v1+json"

// fileName is the annotation of a layer that is a file (OCI image specification,
// annotations.md). "oras pull" skips layers without it.
const fileName = "org.opencontainers.image.title"

// contentOf tells what an image manifest holds. A signature of cosign, or an attestation
// of BuildKit, has the configuration of an image but no layer of one.
func contentOf(m *v1.Manifest) Content {
	if m.Config.MediaType == helmConfig {
		return ContentChart
	}
	layers, names := 0, 0
	for _, d := range m.Layers {
		if isLayer(d.MediaType) {
			layers++
		}
		if d.Annotations[fileName] != "" {
			names++
		}
	}
	switch {
	case m.Config.MediaType.IsConfig() && (layers > 0 || len(m.Layers) == 0):
		return ContentImage
	case !m.Config.MediaType.IsConfig() && names > 0 && names == len(m.Layers):
		return ContentFiles
	}
	return ContentOther
}

// content tells what a tag holds. An index is an image if any of its parts is.
func (rd *reader) content(root *node) Content {
	if !root.mediaType.IsIndex() {
		return root.content
	}
	for _, n := range rd.flatten(root) {
		if n.mediaType.IsImage() && n.content == ContentImage {
			return ContentImage
		}
	}
	return ContentOther
}

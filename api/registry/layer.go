package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// layer is a blob of the source, opened only when it has to be sent.
type layer struct {
	ctx        context.Context // the methods of v1.Layer take none
	run        *copyRun
	descriptor v1.Descriptor
	read       atomic.Int64 // bytes reported as progress
	sent       atomic.Bool
	failed     atomic.Pointer[error] // why it could not be read at the source
}

var errCompressedOnly = errors.New("registry: blobs are copied as they are")

func (l *layer) Digest() (v1.Hash, error)             { return l.descriptor.Digest, nil }
func (l *layer) DiffID() (v1.Hash, error)             { return v1.Hash{}, errCompressedOnly }
func (l *layer) Uncompressed() (io.ReadCloser, error) { return nil, errCompressedOnly }
func (l *layer) Size() (int64, error)                 { return l.descriptor.Size, nil }
func (l *layer) MediaType() (types.MediaType, error)  { return l.descriptor.MediaType, nil }
func (l *layer) count(n int64)                        { l.read.Add(n); l.run.addBytes(l.descriptor.Digest, n) }
func (l *layer) Descriptor() (*v1.Descriptor, error)  { return &l.descriptor, nil }

// Compressed opens the blob at the source. When an upload is retried it is called
// again; the bytes reported for the previous attempt are then taken back.
func (l *layer) Compressed() (io.ReadCloser, error) {
	l.count(-l.read.Load())
	l.sent.Store(true)
	l.failed.Store(nil)
	source, err := l.run.source.puller.Layer(l.ctx, l.run.source.repo.Digest(l.descriptor.Digest.String()))
	if err != nil {
		return nil, err
	}
	content, err := source.Compressed() // verifies the digest while reading
	if err != nil {
		source := l.run.source
		err = source.explain(l.ctx, "read blob "+l.descriptor.Digest.String()+" of "+source.repo.Name(), err)
		if errors.Is(err, transport.ErrNotFound) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		l.failed.Store(&err)
		return nil, err
	}
	return &counting{content, l}, nil
}

type counting struct {
	io.ReadCloser
	layer *layer
}

func (r *counting) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.layer.count(int64(n))
	return n, err
}

package registry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	remotetransport "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Prove checks that the registry accepts a credential: GET /v2/ of the distribution
// specification, with the token exchange if the registry asks for one. It reads no
// repository and proves no access to any.
func (c *Client) Prove(ctx context.Context, cred Credential) error {
	fail := func(err error) error {
		return explain(ctx, fmt.Sprintf("sign in to registry %s as %q", c.host, cred.Username), err)
	}
	if _, err := cred.Authorization(); err != nil {
		return err
	}
	host, err := name.NewRegistry(c.host, name.StrictValidation)
	if err != nil {
		return fail(err)
	}
	ctx = transport.WithOp(ctx, "sign in")
	signed, err := remotetransport.NewWithContext(ctx, host, cred, c.rt, nil)
	if err != nil {
		return fail(err)
	}
	scheme := "https"
	if c.plain {
		scheme = "http"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+c.host+"/v2/", http.NoBody)
	if err != nil {
		return fail(err)
	}
	response, err := signed.RoundTrip(r)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := remotetransport.CheckError(response, http.StatusOK); err != nil {
		return fail(err)
	}
	return nil
}

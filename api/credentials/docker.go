package credentials

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// dockerTimeout is how long a credential helper may take. It may prompt the user.
const dockerTimeout = 10 * time.Second

// Login is a username with its secret, which is a function so that formatting a Login
// does not print it.
type Login struct {
	Username string
	Secret   func() string
}

// DockerLogin reads the credential that `docker login` stored for a registry, from
// Docker's configuration or the credential helper named there. That store belongs to
// another program, so ask the user first. If there is no credential, the error is
// ErrNotFound.
func DockerLogin(ctx context.Context, registry string) (Login, error) {
	return dockerLogin(ctx, registry, authn.DefaultKeychain)
}

func dockerLogin(ctx context.Context, registry string, keychain authn.Keychain) (Login, error) {
	fail := func(err error) (Login, error) {
		return Login{}, fmt.Errorf("read what docker login stored for %s: %w", registry, err)
	}
	target, err := name.NewRegistry(registry)
	if err != nil {
		return fail(err)
	}
	ctx, stop := context.WithTimeoutCause(ctx, dockerTimeout, fmt.Errorf("the credential helper did not answer within %s", dockerTimeout))
	defer stop()
	type answer struct {
		config *authn.AuthConfig
		err    error
	}
	answers := make(chan answer, 1) // buffered, in case the helper answers after the timeout
	go func() {
		var a answer
		var found authn.Authenticator
		if found, a.err = authn.Resolve(ctx, keychain, target); a.err == nil {
			a.config, a.err = authn.Authorization(ctx, found)
		}
		answers <- a
	}()
	select {
	case <-ctx.Done():
		return fail(context.Cause(ctx))
	case a := <-answers:
		if a.err != nil {
			return fail(a.err)
		}
		switch c := *a.config; {
		case c.Username != "" && c.Password != "":
			return Login{Username: c.Username, Secret: func() string { return c.Password }}, nil
		case c.IdentityToken != "" || c.RegistryToken != "":
			return fail(errors.New("it is a token of that registry's own sign-in, which nothing else takes: sign in here with an access token"))
		}
		return fail(fmt.Errorf("%w: run docker login, or sign in here with an access token", ErrNotFound))
	}
}

package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// errSilence ends the context of an attempt that took too long.
var errSilence = errors.New("silence")

// broken is a request that got no whole answer. Limited is the context of the
// attempt, made from ctx. Unknown is set for every change; the caller clears it
// where it knows better.
func (c *Client) broken(ctx, limited context.Context, j *job, err error, secrets []string) (_ *Error, lost bool) {
	err, lost = c.cause(ctx, limited, err, secrets)
	e := c.failed(j, err)
	e.Unknown = j.kind == change
	return e, lost
}

// cause puts a failure of the network into words, and says whether a second try
// may mend it.
func (c *Client) cause(ctx, limited context.Context, err error, secrets []string) (_ error, lost bool) {
	if stopped := ctx.Err(); stopped != nil {
		return stop(stopped), false
	}
	var (
		timeout net.Error
		dns     *net.DNSError
		record  tls.RecordHeaderError
	)
	plain := safeCause(err, secrets)
	switch {
	case context.Cause(limited) == errSilence:
		return fmt.Errorf("%w: the server was silent, or not done, for %s; check the network and the proxy settings, then try again",
			ErrTimeout, c.o.Timeout.Round(time.Millisecond)), false
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w; check the network and the proxy settings, then try again", ErrTimeout, plain), false
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%w: the host name is not known; check the address and the network: %w", ErrUnreachable, plain), false
	case isCertificate(err):
		return fmt.Errorf("%w: the server's certificate is not trusted; if a proxy inspects traffic here, its certificate must be among the system's: %w", ErrUnreachable, plain), false
	case errors.As(err, &record):
		return fmt.Errorf("%w: the server does not speak TLS: %w", ErrUnreachable, plain), false
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the answer broke off halfway: %w", ErrUnreachable, plain), true
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, plain), true
}

// stop puts the end of the caller's context into an error.
func stop(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return fmt.Errorf("stopped: %w", err)
}

func isCertificate(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		host         x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

// safeCause returns err, or only its cleaned words when they hold what a server
// could have put there: errors about malformed answers quote them.
func safeCause(err error, secrets []string) error {
	if words := tidy(err.Error(), secrets); words != err.Error() {
		return errors.New(words)
	}
	return err
}

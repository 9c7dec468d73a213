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
	lost, err = c.cause(ctx, limited, err, secrets)
	e := c.failed(j, err)
	e.Unknown = j.kind == change
	return e, lost
}

// cause says whether a second try may mend a failure of the network, and puts it
// into words.
func (c *Client) cause(ctx, limited context.Context, err error, secrets []string) (lost bool, _ error) {
	if stopped := ctx.Err(); stopped != nil {
		return false, stop(stopped)
	}
	var (
		timeout net.Error
		dns     *net.DNSError
		record  tls.RecordHeaderError
	)
	plain := safeCause(err, secrets)
	switch {
	case errors.Is(context.Cause(limited), errSilence):
		return false, fmt.Errorf("%w: the server was silent, or not done, for %s; check the network and the proxy settings, then try again",
			ErrTimeout, c.o.Timeout.Round(time.Millisecond))
	case errors.As(err, &timeout) && timeout.Timeout():
		return false, fmt.Errorf("%w: %w; check the network and the proxy settings, then try again", ErrTimeout, plain)
	case errors.As(err, &dns) && dns.IsNotFound:
		return false, fmt.Errorf("%w: the host name is not known; check the address and the network: %w", ErrUnreachable, plain)
	case isCertificate(err):
		return false, fmt.Errorf("%w: the server's certificate is not trusted; if a proxy inspects traffic here, its certificate must be among the system's: %w", ErrUnreachable, plain)
	case errors.As(err, &record):
		return false, fmt.Errorf("%w: the server does not speak TLS: %w", ErrUnreachable, plain)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return true, fmt.Errorf("%w: the answer broke off halfway: %w", ErrUnreachable, plain)
	}
	return true, fmt.Errorf("%w: %w", ErrUnreachable, plain)
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

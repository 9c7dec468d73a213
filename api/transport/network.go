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

// errIdle is the cancellation cause of an attempt that timed out.
var errIdle = errors.New("idle timeout")

// networkError returns the error for a request without a complete response. attemptCtx
// is derived from ctx. Unknown is set for every change; the caller clears it if the
// request was certainly not sent.
func (c *Client) networkError(ctx, attemptCtx context.Context, j *job, err error, secrets []string) (_ *Error, lost bool) {
	lost, err = c.classifyNetworkError(ctx, attemptCtx, err, secrets)
	e := c.newError(j, err)
	e.Unknown = j.kind == change
	return e, lost
}

// classifyNetworkError describes a network failure, and reports whether a retry may
// help.
func (c *Client) classifyNetworkError(ctx, attemptCtx context.Context, err error, secrets []string) (lost bool, _ error) {
	if stopped := ctx.Err(); stopped != nil {
		return false, contextError(stopped)
	}
	var (
		timeout net.Error
		dns     *net.DNSError
		record  tls.RecordHeaderError
	)
	plain := sanitizedCause(err, secrets)
	switch {
	case errors.Is(context.Cause(attemptCtx), errIdle):
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

// contextError returns the error for the end of the caller's context.
func contextError(err error) error {
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

// sanitizedCause returns err unchanged if its text is safe to print, and otherwise an
// error with the sanitized text: errors about malformed responses quote the server.
func sanitizedCause(err error, secrets []string) error {
	if words := sanitize(err.Error(), secrets); words != err.Error() {
		return errors.New(words)
	}
	return err
}

// Package transport sends all HTTP requests to other systems. It enforces the rules
// about what may leave this machine, and how often, in one place, so that no client
// can forget one:
//
//   - TLS certificates are always verified. Plain HTTP is allowed to loopback only.
//   - In read-only mode, every method but GET and HEAD is refused before a byte is
//     sent. Otherwise a changing request is sent only if exactly that request was
//     approved (Approve). Token exchanges, identified by path, are exempt.
//   - A credential is sent only to the hosts it belongs to.
//   - Reads are retried after rate limits and lost connections. A change is retried
//     only if the server said that it did not act (429); if its outcome is not
//     known, the error says so (Error.Unknown).
//   - Attempts are limited in time and bodies in size, and neither errors nor
//     records contain a secret.
package transport

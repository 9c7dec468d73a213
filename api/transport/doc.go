// Package transport is the only way to send HTTP to a foreign system. All rules
// about what may leave this machine, and how often, hold here, so that no
// client can forget one:
//
//   - TLS is always verified; plain HTTP goes to loopback only.
//   - In read-only mode every method but GET and HEAD is refused before a byte
//     leaves; otherwise a changing request passes only if exactly that request
//     was approved (Approve). Token exchanges, named by path, are exempt.
//   - A credential goes to the hosts that it belongs to, and to no other.
//   - Reads are repeated after rate limits and lost connections. A change is
//     repeated only when the server said that it did not act (429); if its
//     outcome is not known, the error says so (Error.Unknown).
//   - Attempts end in time, bodies are bounded, and neither errors nor records
//     hold a secret.
package transport

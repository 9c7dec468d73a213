package credentials

import (
	"context"
	"fmt"
	"sync"
)

// Memory is a store that the program's end empties, for tests, for the demo
// and for machines without a keyring. The zero value is empty and ready.
type Memory struct {
	mu      sync.Mutex
	secrets map[string]string
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, account string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	secret, ok := m.secrets[account]
	if !ok {
		return "", fmt.Errorf("read entry %q: %w", account, ErrNotFound)
	}
	return secret, nil
}

// Set implements Store.
func (m *Memory) Set(ctx context.Context, account, secret string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.secrets == nil {
		m.secrets = map[string]string{}
	}
	m.secrets[account] = secret
	return nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, account string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, ok := m.secrets[account]; !ok {
		return fmt.Errorf("delete entry %q: %w", account, ErrNotFound)
	}
	delete(m.secrets, account)
	return nil
}

// String keeps the secrets out of %v and %+v.
func (m *Memory) String() string { return "credentials in memory" }

// GoString keeps the secrets out of %#v.
func (m *Memory) GoString() string { return m.String() }

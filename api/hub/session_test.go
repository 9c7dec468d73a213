package hub

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCallsAtTheSameTimeShareOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exchanges, answer := 0, make(chan struct{})
		s := &session{now: time.Now, exchange: func(context.Context) (func() string, error) {
			exchanges++
			<-answer
			return func() string { return "token" }, nil
		}}
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() {
				bearer, err := s.token(t.Context())
				if err != nil || bearer() != "token" {
					t.Errorf("token: %v", err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		calls.Wait()
		require.Equal(t, 1, exchanges)
	})
}

func TestARefusalIsSharedByAllWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		exchanges, answer := 0, make(chan struct{})
		s := &session{now: time.Now, exchange: func(context.Context) (func() string, error) {
			exchanges++
			<-answer
			return nil, refused
		}}
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() {
				if _, err := s.token(t.Context()); !errors.Is(err, refused) {
					t.Errorf("token: %v", err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		calls.Wait()
		require.Equal(t, 1, exchanges)
	})
}

func TestACallThatGivesUpDoesNotTakeTheOthersWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exchanges := 0
		s := &session{now: time.Now, exchange: func(ctx context.Context) (func() string, error) {
			if exchanges++; exchanges > 1 {
				return func() string { return "token" }, nil
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		first, giveUp := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		calls.Go(func() {
			if _, err := s.token(first); !errors.Is(err, context.Canceled) {
				t.Errorf("first: %v", err)
			}
		})
		synctest.Wait()
		calls.Go(func() {
			if _, err := s.token(t.Context()); err != nil {
				t.Errorf("second: %v", err)
			}
		})
		synctest.Wait()
		giveUp()
		calls.Wait()
		require.Equal(t, 2, exchanges)
	})
}

func TestACallStopsWaitingForAnExchangeWhenItIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		s := &session{now: time.Now, exchange: func(context.Context) (func() string, error) {
			<-answer
			return func() string { return "token" }, nil
		}}
		var calls sync.WaitGroup
		calls.Go(func() {
			if _, err := s.token(t.Context()); err != nil {
				t.Errorf("first: %v", err)
			}
		})
		synctest.Wait()
		second, giveUp := context.WithCancel(t.Context())
		giveUp()
		_, err := s.token(second)
		require.ErrorIs(t, err, context.Canceled)
		close(answer)
		calls.Wait()
	})
}

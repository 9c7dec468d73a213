package transport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// BenchmarkDo measures the overhead of Do: the base transport answers immediately.
func BenchmarkDo(b *testing.B) {
	below := roundTrip(func(*http.Request) (*http.Response, error) {
		a := answer(200, "Content-Type", "application/json")
		a.Body = io.NopCloser(strings.NewReader(`{"results":[]}`))
		return a, nil
	})
	o := transport.Options{System: "hub", BaseURL: "https://hub.example", Base: below, Record: func(transport.Exchange) {}}
	bearer(&o)
	client, err := transport.New(o)
	if err != nil {
		b.Fatal(err)
	}
	call := transport.Call{System: "hub", Method: "PUT", URL: client.URL("/v2/orgs/acme/members/sam", nil), Body: `{"role":"member"}`}
	ctx := transport.Approve(b.Context(), []transport.Call{call}, nil)

	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Get(ctx, "/v2/orgs/acme/members", nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("approved change", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Do(ctx, call); err != nil {
				b.Fatal(err)
			}
		}
	})
}

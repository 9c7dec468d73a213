package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// fromEnvironment takes the credentials that the environment holds.
func fromEnvironment(org string) []engine.Credential {
	identifier := os.Getenv("REPROVISION_HUB_USER")
	if identifier == "" {
		identifier = org
	}
	label := os.Getenv("REPROVISION_OKTA_APP")
	if label == "" {
		label = "Docker"
	}
	var out []engine.Credential
	for _, c := range []struct {
		variable string
		engine.Credential
	}{
		{"REPROVISION_HUB_TOKEN", engine.Credential{System: engine.SystemHub, Identifier: identifier}},
		{"REPROVISION_SCIM_TOKEN", engine.Credential{System: engine.SystemSCIM}},
		{"REPROVISION_OKTA_TOKEN", engine.Credential{System: engine.SystemOkta, Host: os.Getenv("REPROVISION_OKTA_URL"), Identifier: label}},
	} {
		if token := os.Getenv(c.variable); token != "" {
			c.Secret = engine.NewSecret(token)
			out = append(out, c.Credential)
		}
	}
	return out
}

// forms describes the sign-in forms of the real systems.
func forms(org string) map[engine.SystemID]tui.FormHint {
	return map[engine.SystemID]tui.FormHint{
		engine.SystemHub: {
			Title:      "Docker Hub",
			Help:       "An organization access token (Docker Home > Identity & auth > Access tokens) with " + scopes + ".",
			Identifier: tui.Field{Label: "Organization name, or your Docker ID for a token of your own", Value: org, Placeholder: "acme"},
			Secret:     tui.Field{Label: "Token"},
		},
		engine.SystemSCIM: {
			Title:  "Docker SCIM",
			Help:   "The SCIM API token: Docker Home > Identity & auth > SSO and SCIM > Actions > Setup SCIM. Copy the token that is there; making a new one ends the one that your identity provider uses.",
			Secret: tui.Field{Label: "SCIM API token"},
		},
		engine.SystemOkta: {
			Title:      "Okta",
			Help:       "An API token of an administrator who may manage the Docker application.",
			Host:       tui.Field{Label: "Okta URL", Placeholder: "https://acme.okta.com"},
			Identifier: tui.Field{Label: "Label of the Docker application", Value: "Docker"},
			Secret:     tui.Field{Label: "API token"},
		},
		engine.SystemMember: {
			Title:  "The member's own Docker account",
			Help:   "A personal access token that the member made for this (read permission is enough). It is used for this walk only and never stored.",
			Secret: tui.Field{Label: "Personal access token"},
		},
	}
}

// stored is a credential as the keyring holds it.
type stored struct {
	Host       string `json:"host,omitempty"`
	Identifier string `json:"identifier,omitempty"`
	Secret     string `json:"secret"`
}

// entry is the name under which a person finds a credential in the keyring.
func entry(org string, id engine.SystemID) string { return credentials.Account(org, systemTitles[id]) }

func remember(ctx context.Context, store *credentials.Keyring, org string, c engine.Credential) error {
	if org == "" {
		return errors.New("--remember needs --org, which names the entry")
	}
	raw, err := json.Marshal(stored{Host: c.Host, Identifier: c.Identifier, Secret: c.Secret.Reveal()})
	if err != nil {
		return fmt.Errorf("encode the credential: %w", err)
	}
	return store.Set(ctx, entry(org, c.System), string(raw))
}

// fromStore takes what the keyring holds. One that cannot be read is asked for
// again by the form.
func fromStore(ctx context.Context, store *credentials.Keyring, org string) []engine.Credential {
	var out []engine.Credential
	for id := range systemTitles {
		raw, err := store.Get(ctx, entry(org, id))
		if err != nil {
			continue
		}
		var s stored
		if json.Unmarshal([]byte(raw), &s) != nil {
			continue
		}
		out = append(out, engine.Credential{System: id, Host: s.Host, Identifier: s.Identifier, Secret: engine.NewSecret(s.Secret)})
	}
	return out
}

func registryCredential(c engine.Credential) registry.Credential {
	if c.Secret.Empty() {
		return registry.Credential{}
	}
	return registry.Credential{Username: c.Identifier, Secret: c.Secret.Reveal}
}

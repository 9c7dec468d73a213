package cmd

import (
	"os"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// fromEnvironment takes the credentials that the environment holds.
func fromEnvironment(org string) []engine.Credential {
	env := os.Getenv
	tenant := engine.Client{ID: env("REPROVISION_ENTRA_CLIENT_ID"), Tenant: env("REPROVISION_ENTRA_TENANT")}
	var out []engine.Credential
	for _, c := range []struct {
		variable string
		engine.Credential
	}{
		{"REPROVISION_HUB_TOKEN", engine.Credential{System: engine.SystemHub, Host: env("REPROVISION_HUB_URL"), Identifier: orElse(env("REPROVISION_HUB_USER"), org)}},
		{"REPROVISION_SCIM_TOKEN", engine.Credential{System: engine.SystemSCIM, Host: env("REPROVISION_SCIM_URL")}},
		{"REPROVISION_OKTA_TOKEN", engine.Credential{System: engine.SystemOkta, Host: env("REPROVISION_OKTA_URL"), Identifier: orElse(env("REPROVISION_OKTA_APP"), defaultApp)}},
		{"REPROVISION_ENTRA_TOKEN", engine.Credential{System: engine.SystemEntra, Host: env("REPROVISION_ENTRA_URL"), Identifier: orElse(env("REPROVISION_ENTRA_APP"), defaultApp)}},
		{"REPROVISION_ENTRA_CLIENT_SECRET", engine.Credential{
			System: engine.SystemEntra, Host: env("REPROVISION_ENTRA_URL"), Identifier: orElse(env("REPROVISION_ENTRA_APP"), defaultApp),
			Method: engine.MethodClientSecret, Client: tenant,
		}},
		{"REPROVISION_REGISTRY_TOKEN", engine.Credential{System: engine.SystemRegistry, Host: env("REPROVISION_REGISTRY_HOST"), Identifier: orElse(env("REPROVISION_REGISTRY_USER"), org)}},
	} {
		token := trimSecret(env(c.variable))
		if token == "" || slices.ContainsFunc(out, func(o engine.Credential) bool { return o.System == c.System }) {
			continue
		}
		c.Secret = engine.NewSecret(token)
		out = append(out, c.Credential)
	}
	return out
}

// defaultApp is how the application for Docker is mostly called at an identity
// provider.
const defaultApp = "Docker"

// trimSecret takes off what comes along when a secret is pasted: line breaks,
// also those of a terminal that wrapped it, and spaces around it.
func trimSecret(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(s))
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
		engine.SystemEntra: {
			Title:      "Microsoft Entra ID",
			Help:       "An access token for Microsoft Graph, for this hour only (az account get-access-token --resource https://graph.microsoft.com). To stay signed in, leave the walk and use \"reprovision login entra\".",
			Identifier: tui.Field{Label: "Name of the Docker enterprise application", Value: defaultApp},
			Secret:     tui.Field{Label: "Access token"},
		},
		engine.SystemRegistry: {
			Title:  "Docker registry",
			Help:   "An access token that may pull and push images. Without one, the credential of Docker Hub is used.",
			Secret: tui.Field{Label: "Access token"},
		},
		engine.SystemMember: {
			Title:  "The member's own Docker account",
			Help:   "A personal access token that the member made for this (read permission is enough). It is used for this walk only and never stored.",
			Secret: tui.Field{Label: "Personal access token"},
		},
	}
}

func registryCredential(c engine.Credential) registry.Credential {
	if c.Secret.Empty() {
		return registry.Credential{}
	}
	return registry.Credential{Username: c.Identifier, Secret: c.Secret.Reveal}
}

package cmd

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/engine"
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
		{"REPROVISION_HUB_TOKEN", engine.Credential{System: engine.SystemHub, Host: env("REPROVISION_HUB_URL"), Identifier: cmp.Or(env("REPROVISION_HUB_USER"), org)}},
		{"REPROVISION_SCIM_TOKEN", engine.Credential{System: engine.SystemSCIM, Host: env("REPROVISION_SCIM_URL")}},
		{"REPROVISION_OKTA_TOKEN", engine.Credential{System: engine.SystemOkta, Host: env("REPROVISION_OKTA_URL"), Identifier: cmp.Or(env("REPROVISION_OKTA_APP"), defaultApp)}},
		{"REPROVISION_ENTRA_TOKEN", engine.Credential{System: engine.SystemEntra, Host: env("REPROVISION_ENTRA_URL"), Identifier: cmp.Or(env("REPROVISION_ENTRA_APP"), defaultApp)}},
		{"REPROVISION_ENTRA_CLIENT_SECRET", engine.Credential{
			System: engine.SystemEntra, Host: env("REPROVISION_ENTRA_URL"), Identifier: cmp.Or(env("REPROVISION_ENTRA_APP"), defaultApp),
			Method: engine.MethodClientSecret, Client: tenant,
		}},
		{"REPROVISION_REGISTRY_TOKEN", engine.Credential{System: engine.SystemRegistry, Host: env("REPROVISION_REGISTRY_HOST"), Identifier: cmp.Or(env("REPROVISION_REGISTRY_USER"), org)}},
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

func registryCredential(c engine.Credential) registry.Credential {
	if c.Secret.Empty() {
		return registry.Credential{}
	}
	return registry.Credential{Username: c.Identifier, Secret: c.Secret.Reveal}
}

package cmd

import (
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/credentials/oktatoken"
	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// Fields shared by several ways.
var (
	hostOfOkta   = tui.Field{Is: tui.FieldHost, Label: "Okta's address", Placeholder: "https://acme.okta.com"}
	appOfOkta    = tui.Field{Is: tui.FieldIdentifier, Label: "Label of the Docker application", Value: defaultApp}
	clientOfOkta = tui.Field{Is: tui.FieldClient, Label: "Client ID of the OAuth application", Placeholder: "0oa…"}

	tenant    = tui.Field{Is: tui.FieldTenant, Label: "Tenant: the directory, by ID or domain", Placeholder: "acme.onmicrosoft.com"}
	tenantCLI = tui.Field{Is: tui.FieldTenant, Label: "Tenant, if not the CLI's own", Placeholder: "acme.onmicrosoft.com", Optional: true}
	appEntra  = tui.Field{Is: tui.FieldClient, Label: "Application (client) ID of the app registration", Placeholder: "00000000-0000-0000-0000-000000000000"}
	appName   = tui.Field{Is: tui.FieldIdentifier, Label: "Name of the Docker enterprise application", Value: defaultApp}
)

// forms describes how to sign in to each of the real systems. The first way is the
// usual one.
func forms(org string) map[engine.SystemID]tui.FormHint {
	f := map[engine.SystemID]tui.FormHint{
		engine.SystemHub: {Title: systemTitles[engine.SystemHub], For: "Reads members, teams, invites and the audit log; removes a member, copies repositories.", Ways: hubWays(org)},
		engine.SystemSCIM: {
			Title: systemTitles[engine.SystemSCIM],
			For:   "Shows whether SCIM knows a member.",
			Help:  "The SCIM API token: Docker Home > Identity & auth > SSO and SCIM > Actions > Setup SCIM. Copy the existing token: a new one would invalidate the one that your identity provider uses.",
			Ways: []tui.Way{{Label: "the SCIM API token", Fields: []tui.Field{
				{Is: tui.FieldSecret, Label: "SCIM API token"},
				{Is: tui.FieldHost, Label: "SCIM base URL, if not the usual one", Usual: scim.DefaultBaseURL, Optional: true},
			}}},
		},
		engine.SystemOkta:  {Title: systemTitles[engine.SystemOkta], For: "Shows what Okta would send for a member, and pushes them to Docker.", Ways: oktaWays()},
		engine.SystemEntra: {Title: systemTitles[engine.SystemEntra], For: "Shows what Entra would send for a member, and pushes them to Docker.", Ways: entraWays()},
		engine.SystemRegistry: {
			Title: systemTitles[engine.SystemRegistry],
			For:   "Only if images need a different credential from Docker Hub's.",
			Ways: []tui.Way{
				{
					Label: "an access token", Help: "An access token that may pull and push images. Without one, the credential of Docker Hub is used.",
					Fields: []tui.Field{
						{Is: tui.FieldIdentifier, Label: "Organization or Docker ID that the token belongs to", Value: org, Placeholder: "acme"},
						{Is: tui.FieldSecret, Label: "Access token"},
					},
				},
				dockerLogin,
			},
		},
		engine.SystemMember: {
			Title: "The member's own Docker account",
			Help:  "A personal access token that the member made for this (read permission is enough). It is used for this walk only and never stored.",
			Ways:  []tui.Way{{Fields: []tui.Field{{Is: tui.FieldSecret, Label: "Personal access token"}}}},
		},
	}
	return f
}

var dockerLogin = tui.Way{
	Label: "what docker login stored", Why: "read each time, with your consent, and not copied",
	Help: "By signing in, you agree that this tool reads the credential that docker login stored, now and in later runs. It is not copied.",
	Base: engine.Credential{Method: engine.MethodDockerLogin},
}

func hubWays(org string) []tui.Way {
	return []tui.Way{
		{
			Label: "an access token", Why: "an organization's is what the walk needs",
			Help: "An organization access token (Docker Home > Identity & auth > Access tokens) with " + scopes + ".",
			Fields: []tui.Field{
				{Is: tui.FieldIdentifier, Label: "Organization name, or your Docker ID for a token of your own", Value: org, Placeholder: "acme"},
				{Is: tui.FieldSecret, Label: "Token"},
			},
		},
		{
			Label: "username and password", Why: "with a second factor if the account has one; not stored",
			Help: "Docker refuses it if the organization enforces SSO. It is used for this sign-in only and never stored.",
			Base: engine.Credential{Method: engine.MethodPassword},
			Fields: []tui.Field{
				{Is: tui.FieldIdentifier, Label: "Your own Docker ID"},
				{Is: tui.FieldSecret, Label: "Password"},
			},
		},
		dockerLogin,
	}
}

func oktaWays() []tui.Way {
	const person = "An OIDC application of Okta's type \"native\" with the "
	return []tui.Way{
		{
			Label: "an API token", Why: "of an administrator who may manage the Docker application",
			Help:   "An API token of an administrator who may manage the Docker application (Security > API > Tokens).",
			Fields: []tui.Field{hostOfOkta, appOfOkta, {Is: tui.FieldSecret, Label: "API token"}},
		},
		{
			Label: "the browser", Why: "OAuth, with PKCE; the browser must run on this machine",
			Help: person + "grants \"authorization code\" and \"refresh token\", the scopes " + oktaScopes + ", and the sign-in redirect address below.",
			Base: engine.Credential{Method: engine.MethodBrowser},
			Fields: []tui.Field{
				hostOfOkta, clientOfOkta, appOfOkta,
				{Is: tui.FieldRedirect, Label: "Sign-in redirect address, as it is registered", Usual: oktatoken.DefaultRedirect, Optional: true},
			},
		},
		{
			Label: "a code in any browser", Why: "OAuth, the device grant; also over SSH",
			Help:   person + "grants \"device authorization\" and \"refresh token\" and the scopes " + oktaScopes + ".",
			Base:   engine.Credential{Method: engine.MethodDevice},
			Fields: []tui.Field{hostOfOkta, clientOfOkta, appOfOkta},
		},
		{
			Label: "a private key", Why: "OAuth, as a service application",
			Help: "An API service application of Okta with the scopes " + oktaScopes + ". The key is kept in the keyring; the file can be removed afterwards.",
			Base: engine.Credential{Method: engine.MethodKey},
			Fields: []tui.Field{
				hostOfOkta, clientOfOkta, appOfOkta,
				{Is: tui.FieldFile, Label: "File of the private key, in PEM", Placeholder: "key.pem"},
				{Is: tui.FieldKey, Label: "Key ID (kid), if the application has several keys", Optional: true},
			},
		},
	}
}

var oktaScopes = strings.Join(oktatoken.Scopes, ", ")

func entraWays() []tui.Way {
	const permissions = " It needs the permissions " + entra.Permissions + "."
	file := tui.Field{Is: tui.FieldFile, Label: "File with the certificate and its private key, in PEM", Placeholder: "certificate.pem"}
	way := func(m engine.Method, label, why, help string, fields ...tui.Field) tui.Way {
		return tui.Way{Label: label, Why: why, Help: help, Base: engine.Credential{Method: m}, Fields: fields}
	}
	return []tui.Way{
		way(
			engine.MethodBrowser, "the browser", "with PKCE; the browser must run on this machine",
			"An app registration with the platform \"Mobile and desktop applications\" and the redirect address http://localhost."+permissions+" You need the role Application Administrator.",
			tenant, appEntra, appName,
		),
		way(
			engine.MethodDevice, "a code in any browser", "the device code; also over SSH",
			"An app registration that allows public client flows."+permissions+" You need the role Application Administrator.",
			tenant, appEntra, appName,
		),
		way(
			engine.MethodClientSecret, "a client secret", "as a service",
			"An app registration with a client secret."+permissions,
			tenant, appEntra, appName, tui.Field{Is: tui.FieldSecret, Label: "Client secret"},
		),
		way(
			engine.MethodCertificate, "a certificate", "as a service",
			"An app registration that knows the certificate."+permissions+" The certificate and its key are kept in the keyring; the file can be removed afterwards.",
			tenant, appEntra, appName, file,
		),
		way(
			engine.MethodAzureCLI, "the Azure CLI", "as the account signed in there",
			"The account signed in to the Azure CLI (az login). It needs the role Application Administrator, and its token the permissions "+entra.Permissions+".", tenantCLI, appName,
		),
		way(
			engine.MethodToken, "an access token", "for an hour at most",
			"An access token for Microsoft Graph (az account get-access-token --resource https://graph.microsoft.com)."+permissions,
			appName, tui.Field{Is: tui.FieldSecret, Label: "Access token"},
		),
	}
}

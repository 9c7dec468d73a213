package engine

import "slices"

// Session holds the systems of a walk and the identity used with each.
type Session struct {
	Systems []System `json:"systems"`
	User    string   `json:"user"` // the operator's own Docker ID, empty if the credential does not show it
}

// System is one foreign system of the session.
type System struct {
	ID       SystemID `json:"id"`
	Title    string   `json:"title"`
	Host     string   `json:"host"`
	Who      string   `json:"who"`
	Required bool     `json:"required"`
	OK       bool     `json:"ok"`
	Problem  string   `json:"problem,omitempty"` // if not OK: why, and what to do
	// Apps are the identity provider's applications that may be Docker's. A person
	// has to choose one.
	Apps []App `json:"apps,omitempty"`
	// Given is the credential in use, without its secret.
	Given Credential `json:"-"`
	// Rights are what the credential may do, as far as it was tried.
	Rights []Right `json:"rights,omitempty"`
}

// App is an identity provider's application for Docker.
type App struct {
	ID     string `json:"id"`
	Job    string `json:"job,omitempty"` // Entra's provisioning job
	Label  string `json:"label"`
	Detail string `json:"-"` // how it differs from others, in words
}

// SystemID names a foreign system that a person signs in to.
type SystemID string

// The systems.
const (
	SystemHub      SystemID = "hub"
	SystemSCIM     SystemID = "scim"
	SystemOkta     SystemID = "okta"
	SystemEntra    SystemID = "entra"
	SystemRegistry SystemID = "registry"
	SystemMember   SystemID = "member" // the member's own Docker credential, for private repositories; never stored
)

// Credential is the result of a sign-in form. Identifier is the organization's name
// for an organization access token, a username for a personal one, and the
// application's name for Okta and Entra.
type Credential struct {
	System     SystemID
	Host       string
	Identifier string
	Secret     Secret
	Method     Method
	Client     Client // for OAuth; zero otherwise
	App        App    // as found before, or as a person chose it; may be empty
	Who        string // whose it is, if known and not in Identifier
	File       string // a PEM file with the private key, if Secret is still to be read
}

// Method is how a credential signs in.
type Method string

// The methods, each with the content of Secret.
const (
	MethodToken        Method = ""              // an access or API token, sent or exchanged as it is
	MethodPassword     Method = "password"      // for Docker Hub, with a second factor if the account has one; never stored
	MethodBrowser      Method = "browser"       // a person's OAuth sign-in in a browser on this machine; what resumes it later, or nothing yet
	MethodDevice       Method = "device"        // a person's OAuth sign-in in any browser, by a code; the same
	MethodKey          Method = "private-key"   // an OAuth service application; its private key in PEM
	MethodClientSecret Method = "client-secret" // an OAuth service application; its secret
	MethodCertificate  Method = "certificate"   // an OAuth service application; certificate and private key in PEM
	MethodAzureCLI     Method = "azure-cli"     // the account signed in to the Azure CLI; nothing
	MethodDockerLogin  Method = "docker-login"  // what docker login stored, read with consent at each use; nothing
)

// Client identifies an application to an OAuth server.
type Client struct {
	ID     string
	Tenant string // Entra: the directory, by ID or domain
	Key    string // Okta: the ID of the private key (kid)
	// Redirect is the OAuth redirect address, if not the default. Authority is the
	// sign-in address of Entra in a national cloud.
	Redirect, Authority string
}

// Grant says whether a credential may do something.
type Grant string

// The grants.
const (
	Granted  Grant = "yes"
	Denied   Grant = "no"
	NotTried Grant = "not tried" // it could only be tested by a change
	NotKnown Grant = "unknown"   // the probe failed for another reason
)

// Right is a permission that a step of the guide needs.
type Right struct {
	Capability string `json:"capability"`
	For        string `json:"needed_for"`
	Granted    Grant  `json:"granted"`
	How        string `json:"how_to_get_it"`
	Detail     string `json:"detail,omitempty"` // what the probe got as an answer
}

// Missing returns the capabilities that were denied.
func Missing(rights []Right) []string {
	var out []string
	for _, r := range rights {
		if r.Granted == Denied {
			out = append(out, r.Capability)
		}
	}
	return out
}

// System returns the system with the given ID, and whether there is one.
func (s Session) System(id SystemID) (System, bool) {
	i := slices.IndexFunc(s.Systems, func(x System) bool { return x.ID == id })
	if i < 0 {
		return System{}, false
	}
	return s.Systems[i], true
}

package engine

import "slices"

// Session says which systems are reachable with which identity.
type Session struct {
	Systems []System `json:"systems"`
	User    string   `json:"user"` // the operator's own Docker ID, empty when the credential does not tell
}

// System is one foreign system of the session.
type System struct {
	ID       SystemID `json:"id"`
	Title    string   `json:"title"`
	Host     string   `json:"host"`
	Who      string   `json:"who"`
	Required bool     `json:"required"`
	OK       bool     `json:"ok"`
	Problem  string   `json:"problem,omitempty"` // why not, and what to do
	// Apps are the applications of an identity provider of which somebody has
	// to say which one is Docker's.
	Apps []App `json:"apps,omitempty"`
	// Given is how it is signed in to, without the secret.
	Given Credential `json:"-"`
	// Rights are what the credential was found to be allowed, where it was tried.
	Rights []Right `json:"rights,omitempty"`
}

// App is the application for Docker at an identity provider, as it was found.
type App struct {
	ID     string `json:"id"`
	Job    string `json:"job,omitempty"` // Entra's provisioning job
	Label  string `json:"label"`
	Detail string `json:"-"` // what tells it from others, in words
}

// SystemID names a foreign system that takes a credential.
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

// Credential is what a sign-in form yields. Identifier is the organization's
// name for an organization access token, a username for a personal one, the
// application's name for Okta and Entra.
type Credential struct {
	System     SystemID
	Host       string
	Identifier string
	Secret     Secret
	Method     Method
	Client     Client // of OAuth; the zero value otherwise
	App        App    // as it was found before, or as somebody chose it; may be empty
	Who        string // whose it is, where Identifier does not say so and it is known
	File       string // where Secret is still to be read from, a private key in PEM
}

// Method is how a credential signs in.
type Method string

// The methods. What Secret holds is told with each.
const (
	MethodToken        Method = ""              // an access or API token, sent or exchanged as it is
	MethodPassword     Method = "password"      // of Docker Hub, with a second factor where there is one; never stored
	MethodBrowser      Method = "browser"       // a person's OAuth sign-in in the browser of this machine; what it goes on with, or nothing yet
	MethodDevice       Method = "device"        // a person's OAuth sign-in in any browser, by a code; likewise
	MethodKey          Method = "private-key"   // an OAuth service application; its private key in PEM
	MethodClientSecret Method = "client-secret" // an OAuth service application; its secret
	MethodCertificate  Method = "certificate"   // an OAuth service application; certificate and private key in PEM
	MethodAzureCLI     Method = "azure-cli"     // whoever is signed in to the Azure CLI; nothing
	MethodDockerLogin  Method = "docker-login"  // what docker login stored, read with consent at each use; nothing
)

// Client identifies an application to an OAuth server.
type Client struct {
	ID     string
	Tenant string // Entra: the directory, by ID or domain
	Key    string // Okta: the ID of the private key (kid)
	// Redirect is where the browser comes back to, if not at the usual address,
	// and Authority where people sign in to Entra, in a national cloud.
	Redirect, Authority string
}

// Grant is whether a credential may do something.
type Grant string

// The grants.
const (
	Granted  Grant = "yes"
	Denied   Grant = "no"
	NotTried Grant = "not tried" // reading cannot tell, and nothing is changed to find out
	NotKnown Grant = "unknown"   // the probe failed for another reason
)

// Right is one thing that a step of the guide needs a credential to be allowed.
type Right struct {
	Capability string `json:"capability"`
	For        string `json:"needed_for"`
	Granted    Grant  `json:"granted"`
	How        string `json:"how_to_get_it"`
	Detail     string `json:"detail,omitempty"` // what the probe met
}

// Missing names what a credential was found not to be allowed.
func Missing(rights []Right) []string {
	var out []string
	for _, r := range rights {
		if r.Granted == Denied {
			out = append(out, r.Capability)
		}
	}
	return out
}

// System returns the system with that id.
func (s Session) System(id SystemID) (System, bool) {
	i := slices.IndexFunc(s.Systems, func(x System) bool { return x.ID == id })
	if i < 0 {
		return System{}, false
	}
	return s.Systems[i], true
}

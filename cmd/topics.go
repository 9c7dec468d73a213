package cmd

import "github.com/spf13/cobra"

// newTopics are pages of help that belong to no single command.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "environment", Short: "Environment variables", Long: environmentHelp},
		{Use: "exit-codes", Short: "Exit codes", Long: exitCodesHelp},
	}
}

const environmentHelp = precedence + `

  REPROVISION_ORG             the Docker organization
  REPROVISION_PROFILE         the profile
  REPROVISION_DOCKER_ID       your own Docker ID

  REPROVISION_HUB_TOKEN       signs in to Docker Hub: an organization access
                              token, a personal one or a password
  REPROVISION_HUB_USER        the organization, or a Docker ID
  REPROVISION_HUB_URL         another address than https://hub.docker.com
  REPROVISION_SCIM_TOKEN      signs in to Docker's SCIM service
  REPROVISION_SCIM_URL        the SCIM base URL
  REPROVISION_REGISTRY_TOKEN  signs in to the registry, if not as to Docker Hub
  REPROVISION_REGISTRY_USER   its user
  REPROVISION_REGISTRY_HOST   another registry than Docker Hub's
  REPROVISION_MEMBER_TOKEN    the member's token, for "reprovision handover"

  REPROVISION_OKTA_TOKEN      signs in to Okta: an API token
  REPROVISION_OKTA_URL        Okta's address
  REPROVISION_OKTA_APP        the label of the Docker application

  REPROVISION_ENTRA_CLIENT_SECRET, REPROVISION_ENTRA_CLIENT_ID,
  REPROVISION_ENTRA_TENANT    sign in to Microsoft Entra ID as a service
  REPROVISION_ENTRA_TOKEN     signs in by an access token of Microsoft Graph
  REPROVISION_ENTRA_URL       Microsoft Graph's address
  REPROVISION_ENTRA_APP       the name of the Docker enterprise application

  REPROVISION_PASSPHRASE      opens the encrypted file of credentials

  ACCESSIBLE, REDUCED_MOTION  set to 1, like --accessible and --reduced-motion
  NO_COLOR                    no colour
  TERM=dumb                   a terminal that cannot draw: line by line
  XDG_CONFIG_HOME             where profiles are kept
  XDG_STATE_HOME              where the journals of runs are kept
  DOCKER_CONFIG               where docker login keeps its credentials`

const exitCodesHelp = `Every command ends with one of these codes.

  0    it did what it was asked to do, or there was nothing to do
  1    an error, or a walk that was left before its end
  2    a command line that cannot be understood, or no such run
  4    a credential is missing or was refused
  5    refused by a safety rule, or not confirmed; nothing more was changed
  130  interrupted

Messages about errors go to standard error. With --json, standard output holds
one JSON value and nothing else; fields may be added to it, and none is renamed
or removed within a major version.`

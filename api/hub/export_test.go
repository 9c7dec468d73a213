package hub_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func exportOf(t *testing.T, contentType, body string) ([]hub.ExportRow, error) {
	t.Helper()
	d := newDocker(t)
	d.handle("GET /v2/orgs/acme/members/export", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Disposition", `attachment;filename="acme-members-2026.csv"`)
		write(w, body)
	})
	return d.client().ExportMembers(t.Context(), "acme")
}

func TestTheExportIsReadByItsHeaders(t *testing.T) {
	joined := time.Date(2020, 1, 1, 15, 0, 51, 193355000, time.UTC)
	for name, body := range map[string]string{
		"the documented columns": "Name,Username,Email,Type,Role,Teams,Date Joined\n" +
			"\"Ito, Jordan\",jordan-ito,jordan.ito@acme.example,User,Editor,\"platform, company\",2020-01-01 15:00:51.193355 +0000 UTC\n",
		"Permission for Role": "Name,Username,Email,Type,Permission,Teams,Date Joined\n" +
			"\"Ito, Jordan\",jordan-ito,jordan.ito@acme.example,User,Editor,\"platform, company\",2020-01-01 15:00:51.193355 +0000 UTC\n",
		"another order, a byte order mark, Windows lines, a column from the future": "\ufeffEmail, username ,Favourite Colour,ROLE,Teams,Type,Date Joined,Name\r\n" +
			"jordan.ito@acme.example,jordan-ito,teal,Editor,\"platform,company\",User,2020-01-01T15:00:51.193355Z,\"Ito, Jordan\"\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := exportOf(t, "text/csv", body)
			require.NoError(t, err)
			require.Len(t, rows, 1)
			require.Equal(t, joined, rows[0].DateJoined.Time)
			rows[0].DateJoined = hub.Time{}
			require.Equal(t, hub.ExportRow{
				Name: "Ito, Jordan", Username: "jordan-ito", Email: "jordan.ito@acme.example",
				Type: "User", Role: "Editor", Teams: []string{"platform", "company"},
			}, rows[0])
		})
	}
}

func TestTheExportWithInsightsTellsWhenAPersonWasSeen(t *testing.T) {
	rows, err := exportOf(t, "text/csv", "Name,Username,Email,Type,Role,Teams,Date Joined,Last Logged-in Date,Docker Desktop Version,Last Seen Date,Opted Out Analytics\n"+
		"Sam,sam-okafor,sam.okafor@acme.example,User,Editor,,2024-05-02 09:00:00 +0000 UTC,2026-11-20 10:00:00 +0000 UTC,4.55.0,2026-11-21 10:00:00 +0000 UTC,false\n"+
		",,newhire@acme.example,Invitee,Member,,,,,,\n")
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, 20, rows[0].LastLogin.Day())
	require.Equal(t, 21, rows[0].LastSeen.Day())
	require.Equal(t, "4.55.0", rows[0].DesktopVersion)
	require.Nil(t, rows[0].Teams)
	require.Equal(t, "Invitee", rows[1].Type)
	require.Empty(t, rows[1].Username)
	require.True(t, rows[1].DateJoined.IsZero())
}

func TestAnExportThatIsNotWholeIsRefused(t *testing.T) {
	const header = "Name,Username,Email,Type,Role,Teams,Date Joined\n"
	for name, body := range map[string]string{
		"nothing":                   "",
		"a page of HTML":            "<!doctype html><title>Sign in</title>",
		"JSON":                      `{"message":"try later"}`,
		"no username column":        "Name,Email\nSam,sam@acme.example\n",
		"a line that was cut":       header + "Sam,sam-okafor,sam@acme.example,User,Editor,backend,2024-05-02\nJordan,jordan-i",
		"a quote that never closes": header + "Sam,sam-okafor,sam@acme.example,User,Editor,\"backend",
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := exportOf(t, "text/csv", body)
			require.ErrorIs(t, err, hub.ErrShape)
			require.ErrorContains(t, err, "export the members of acme")
			require.Nil(t, rows)
		})
	}
}

func TestAnExportOfNobodyIsEmptyAndNoError(t *testing.T) {
	rows, err := exportOf(t, "text/csv", "Name,Username,Email,Type,Role,Teams,Date Joined\n")
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestAHalfSentExportIsRefused(t *testing.T) {
	d := newDocker(t)
	d.handle("GET /v2/orgs/acme/members/export", halfSent("Name,Username,Email\nSam,sam-okafor,sam@acme.example\n"))
	rows, err := d.client().ExportMembers(t.Context(), "acme")
	var wire *transport.Error
	require.ErrorAs(t, err, &wire)
	require.Nil(t, rows)
}

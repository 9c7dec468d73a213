package hub

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// ExportRow is one row of the member export. Its texts are untrusted: besides terminal
// escapes, a cell may begin with "=", which spreadsheets evaluate.
type ExportRow struct {
	Name           string
	Username       string // empty for an invitee without an account
	Email          string
	Type           string // "User" or "Invitee"
	Role           string // a label, such as "Owner"
	Teams          []string
	DateJoined     Time // when the person joined the organization
	LastLogin      Time // only if insights are enabled
	LastSeen       Time // only if insights are enabled
	DesktopVersion string
}

// ExportMembers reads the member export, the only source of the date a person joined
// (Docker Hub API reference 2-beta, GET /v2/orgs/{org_name}/members/export).
func (c *Client) ExportMembers(ctx context.Context, org string) ([]ExportRow, error) {
	op := fmt.Sprintf("export the members of %s", shown(org))
	ref := route("v2", "orgs", org, "members", "export")
	if err := checkPath(c.client.URL(ref, nil)); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	response, err := c.client.Get(transport.WithOp(ctx, op), ref, nil)
	if err != nil {
		return nil, c.explain(err)
	}
	if response.Status != http.StatusOK {
		return nil, c.misshapen(op, ref, fmt.Errorf("status %d", response.Status))
	}
	rows, err := decodeExport(response.Body)
	if err != nil {
		return nil, c.misshapen(op, ref, err)
	}
	return rows, nil
}

// columns maps the lower-case headers of the export to setters. Docker renames and
// adds columns: Role was called Permission, and insights add four.
var columns = map[string]func(*ExportRow, string){
	"name":                   func(r *ExportRow, cell string) { r.Name = cell },
	"username":               func(r *ExportRow, cell string) { r.Username = cell },
	"email":                  func(r *ExportRow, cell string) { r.Email = cell },
	"type":                   func(r *ExportRow, cell string) { r.Type = cell },
	"role":                   func(r *ExportRow, cell string) { r.Role = cell },
	"permission":             func(r *ExportRow, cell string) { r.Role = cell },
	"teams":                  func(r *ExportRow, cell string) { r.Teams = splitTeams(cell) },
	"date joined":            func(r *ExportRow, cell string) { r.DateJoined = parseTime(cell) },
	"last logged-in date":    func(r *ExportRow, cell string) { r.LastLogin = parseTime(cell) },
	"last seen date":         func(r *ExportRow, cell string) { r.LastSeen = parseTime(cell) },
	"docker desktop version": func(r *ExportRow, cell string) { r.DesktopVersion = cell },
}

// decodeExport decodes the CSV by its header row. Columns may be in any order and
// unknown ones are ignored, but every row must be complete, so that a truncated file
// is not taken for a shorter list.
func decodeExport(body []byte) ([]ExportRow, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		return nil, errors.New("a page of HTML instead of CSV")
	}
	reader := csv.NewReader(bytes.NewReader(body))
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("an empty file, not even a header line")
	}
	if err != nil {
		return nil, fmt.Errorf("header line: %w", err)
	}
	set := make([]func(*ExportRow, string), len(header))
	known := map[string]bool{}
	for i, title := range header {
		title = strings.ToLower(strings.TrimSpace(title))
		set[i] = columns[title]
		known[title] = true
	}
	for _, needed := range []string{"username", "email"} {
		if !known[needed] {
			return nil, fmt.Errorf("no column %q", needed)
		}
	}

	rows := []ExportRow{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		var row ExportRow
		for i, cell := range record {
			if set[i] != nil {
				set[i](&row, cell)
			}
		}
		rows = append(rows, row)
	}
}

// splitTeams splits "team-1, team-2".
func splitTeams(cell string) []string {
	var teams []string
	for name := range strings.SplitSeq(cell, ",") {
		if name = strings.TrimSpace(name); name != "" {
			teams = append(teams, name)
		}
	}
	return teams
}

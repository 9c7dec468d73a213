package entra

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Readings tries to read users and the provisioning log, which Application does not
// cover. The log request asks only for entries after the present time.
func (c *Client) Readings(ctx context.Context) []idp.Reading {
	var body json.RawMessage
	people := c.client.GetJSON(transport.WithOp(ctx, "try to read users"), path("users"), url.Values{"$top": {"1"}, "$select": {"id"}}, &body)
	t, log := c.find(ctx)
	if log == nil {
		log = c.client.GetJSON(transport.WithOp(ctx, "try to read the provisioning log"), path("auditLogs", "provisioning"), url.Values{
			"$filter": {"jobId eq " + quoted(t.job.ID) + " and activityDateTime gt " + c.now().UTC().Format(time.RFC3339)},
		}, &body)
	}
	return []idp.Reading{{Permission: "Directory.Read.All", Err: people}, {Permission: "AuditLog.Read.All", Err: log}}
}

// An independent SCIM 2.0 server (scimmy) on a free port of 127.0.0.1, with
// Docker's extension to the user schema. It prints its address as its first
// line, keeps users in memory, and ends when its standard input does.
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const load = name => { const m = require(name); return m.default ?? m; };
const SCIMMY = load("scimmy");
const SCIMMYRouters = load("scimmy-routers");
const express = load("express");

const text = name => new SCIMMY.Types.Attribute("string", name);
const extension = new SCIMMY.Types.SchemaDefinition(
    "DockerUser", "urn:ietf:params:scim:schemas:extension:docker:2.0:User", "Docker's attributes",
    [text("dockerRole"), text("dockerOrg"), text("dockerTeam")],
);

const users = new Map();
let next = 0;
SCIMMY.Resources.declare(SCIMMY.Resources.User)
    .extend(extension, false)
    .ingress((resource, data) => {
        const clash = [...users.values()].find(u => u.userName.toLowerCase() === data.userName.toLowerCase());
        const id = resource.id ?? `user-${++next}`;
        if (clash && clash.id !== id) throw new SCIMMY.Types.Error(409, "uniqueness", "userName is taken");
        if (resource.id && !users.has(id)) throw new SCIMMY.Types.Error(404, null, "no such user");
        const user = { ...JSON.parse(JSON.stringify(data)), id };
        users.set(id, user);
        return user;
    })
    .egress(resource => {
        if (!resource.id) return [...users.values()];
        if (!users.has(resource.id)) throw new SCIMMY.Types.Error(404, null, "no such user");
        return users.get(resource.id);
    })
    .degress(resource => { users.delete(resource.id); });

const app = express();
app.use("/scim", new SCIMMYRouters({
    type: "bearer",
    handler: request => {
        if (request.header("Authorization") !== "Bearer " + process.env.SCIM_TOKEN) throw new Error("no or a wrong token");
        return "test";
    },
}));
const server = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/scim`));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

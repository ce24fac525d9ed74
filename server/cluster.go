package server

import "github.com/evald/evald/engine/command"

// cluster declares the commands of cluster mode, which this server is not in: they reply what a single Redis replies.
func (s *Server) cluster() []command.Spec {
	off := func(*command.Ctx) error { return command.Error("ERR This instance has cluster support disabled") }
	g := command.GroupCluster
	spec := func(name string, arity int, flags command.Flags, since, summary, syntax string) command.Spec {
		return command.Spec{Name: name, Arity: arity, Flags: flags, Group: g, Since: since, Complexity: "O(1)", Summary: summary, Syntax: syntax, Do: off}
	}
	varying := func(c command.Spec) command.Spec {
		c.Tips = []string{"nondeterministic_output"}
		return c
	}
	const fast, admin = command.Fast, command.Admin | command.Stale
	const change = admin | command.NoAsyncLoading
	container := command.Spec{Name: "cluster", Arity: -2, Group: g, Since: "3.0.0", Complexity: "Depends on subcommand.", Summary: "A container for Redis Cluster commands.", Sub: []command.Spec{
		spec("countkeysinslot", 3, command.Stale, "3.0.0", "Returns the number of keys in a hash slot.", "slot"),
		varying(spec("getkeysinslot", 4, command.Stale, "3.0.0", "Returns the key names in a hash slot.", "slot count")),
		spec("help", 2, command.Loading|command.Stale, "5.0.0", "Returns helpful text about the different subcommands.", ""),
		varying(spec("info", 2, command.Stale, "3.0.0", "Returns information about the state of a node.", "")),
		spec("keyslot", 3, command.Stale, "3.0.0", "Returns the hash slot for a key.", "key"),
		spec("myid", 2, command.Stale, "3.0.0", "Returns the ID of a node.", ""),
		varying(spec("nodes", 2, command.Stale, "3.0.0", "Returns the cluster configuration for a node.", "")),
		varying(spec("shards", 2, command.Loading|command.Stale, "7.0.0", "Returns the mapping of cluster slots to shards.", "")),
		spec("addslots", -3, change, "3.0.0", "Assigns new hash slots to a node.", "slot [slot ...]"),
		spec("addslotsrange", -4, change, "7.0.0", "Assigns new hash slot ranges to a node.", "start-slot end-slot [start-slot end-slot ...]"),
		varying(spec("bumpepoch", 2, change, "3.0.0", "Advances the cluster config epoch.", "")),
		varying(spec("count-failure-reports", 3, admin, "3.0.0", "Returns the number of active failure reports active for a node.", "node-id")),
		spec("delslots", -3, change, "3.0.0", "Sets hash slots as unbound for a node.", "slot [slot ...]"),
		spec("delslotsrange", -4, change, "7.0.0", "Sets hash slot ranges as unbound for a node.", "start-slot end-slot [start-slot end-slot ...]"),
		spec("failover", -2, change, "3.0.0", "Forces a replica to perform a manual failover of its master.", "[FORCE | TAKEOVER]"),
		spec("flushslots", 2, change, "3.0.0", "Deletes all slots information from a node.", ""),
		spec("forget", 3, change, "3.0.0", "Removes a node from the nodes table.", "node-id"),
		varying(spec("links", 2, command.Stale, "7.0.0", "Returns a list of all TCP links to and from peer nodes.", "")),
		spec("meet", -4, change, "3.0.0", "Forces a node to handshake with another node.", "ip port [cluster-bus-port]"),
		varying(spec("replicas", 3, admin, "5.0.0", "Lists the replica nodes of a master node.", "node-id")),
		spec("replicate", 3, change, "3.0.0", "Configure a node as replica of a master node.", "node-id"),
		spec("reset", -2, admin|command.NoScript, "3.0.0", "Resets a node.", "[HARD | SOFT]"),
		spec("saveconfig", 2, change, "3.0.0", "Forces a node to save the cluster configuration to disk.", ""),
		spec("set-config-epoch", 3, change, "3.0.0", "Sets the configuration epoch for a new node.", "config-epoch"),
		spec("setslot", -4, change, "3.0.0", "Binds a hash slot to a node.", "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>"),
		varying(spec("slaves", 3, admin, "3.0.0", "Lists the replica nodes of a master node.", "node-id")),
		varying(spec("slots", 2, command.Loading|command.Stale, "3.0.0", "Returns the mapping of cluster slots to nodes.", "")),
	}}
	connection := func(name string, flags command.Flags, summary string) command.Spec {
		c := spec(name, 1, fast|flags, "3.0.0", summary, "")
		c.Categories = "connection"
		return c
	}
	return []command.Spec{container, connection("asking", 0, "Signals that a cluster client is following an -ASK redirect."),
		connection("readonly", command.Loading|command.Stale, "Enables read-only queries for a connection to a Redis Cluster replica node."),
		connection("readwrite", command.Loading|command.Stale, "Enables read-write queries for a connection to a Redis Cluster replica node.")}
}

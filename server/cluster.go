package server

import "github.com/evald/evald/engine/command"

// cluster declares the commands of cluster mode, which this server is not in: they reply what a single Redis replies.
func (s *Server) cluster() []command.Spec {
	off := func(*command.Ctx) error { return command.Error("ERR This instance has cluster support disabled") }
	g := command.GroupCluster
	spec := func(name string, arity int, flags command.Flags, since, summary, syntax string) command.Spec {
		return command.Spec{Name: name, Arity: arity, Flags: flags, Group: g, Since: since, Complexity: "O(1)", Summary: summary, Syntax: syntax, Do: off}
	}
	const fast = command.Fast
	container := command.Spec{Name: "cluster", Arity: -2, Group: g, Since: "3.0.0", Complexity: "Depends on subcommand.", Summary: "A container for Redis Cluster commands.", Sub: []command.Spec{
		spec("countkeysinslot", 3, command.Stale, "3.0.0", "Returns the number of keys in a hash slot.", "slot"),
		spec("getkeysinslot", 4, command.Stale, "3.0.0", "Returns the key names in a hash slot.", "slot count"),
		spec("help", 2, command.Loading|command.Stale, "5.0.0", "Returns helpful text about the different subcommands.", ""),
		spec("info", 2, command.Stale, "3.0.0", "Returns information about the state of a node.", ""),
		spec("keyslot", 3, command.Stale, "3.0.0", "Returns the hash slot for a key.", "key"),
		spec("myid", 2, command.Stale, "3.0.0", "Returns the ID of a node.", ""),
		spec("nodes", 2, command.Stale, "3.0.0", "Returns the cluster configuration for a node.", ""),
		spec("shards", 2, command.Loading|command.Stale, "7.0.0", "Returns the mapping of cluster slots to shards.", ""),
		spec("slots", 2, command.Loading|command.Stale, "3.0.0", "Returns the mapping of cluster slots to nodes.", ""),
	}}
	connection := func(name, summary string) command.Spec {
		c := spec(name, 1, fast, "3.0.0", summary, "")
		c.Categories = "connection"
		return c
	}
	return []command.Spec{container, connection("asking", "Signals that a cluster client is following an -ASK redirect."),
		connection("readonly", "Enables read-only queries for a connection to a Redis Cluster replica node."),
		connection("readwrite", "Enables read-write queries for a connection to a Redis Cluster replica node.")}
}

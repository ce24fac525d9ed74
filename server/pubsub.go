package server

import (
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/glob"
)

// pubsub declares the publish/subscribe commands.
func (s *Server) pubsub() []command.Spec {
	const sub = command.PubSub | command.NoScript | command.Loading | command.Stale
	const pub = command.PubSub | command.Loading | command.Stale | command.Fast | command.MayReplicate
	const info = command.PubSub | command.Loading | command.Stale
	g := command.GroupPubSub
	shard := []command.KeySpec{{Use: command.NotKey, Index: 1, Step: 1}}
	shards := []command.KeySpec{{Use: command.NotKey, Index: 1, Last: -1, Step: 1}}
	return []command.Spec{
		{Name: "subscribe", Arity: -2, Flags: sub, Group: g, Since: "2.0.0", Do: s.subscriber(channelSpace), Complexity: "O(N) where N is the number of channels to subscribe to.",
			Summary: "Listens for messages published to channels.", Syntax: "channel [channel ...]"},
		{Name: "unsubscribe", Arity: -1, Flags: sub, Group: g, Since: "2.0.0", Do: s.unsubscriber(channelSpace), Complexity: "O(N) where N is the number of channels to unsubscribe.",
			Summary: "Stops listening to messages posted to channels.", Syntax: "[channel [channel ...]]"},
		{Name: "psubscribe", Arity: -2, Flags: sub, Group: g, Since: "2.0.0", Do: s.subscriber(patternSpace), Complexity: "O(N) where N is the number of patterns to subscribe to.",
			Summary: "Listens for messages published to channels that match one or more patterns.", Syntax: "pattern [pattern ...]"},
		{Name: "punsubscribe", Arity: -1, Flags: sub, Group: g, Since: "2.0.0", Do: s.unsubscriber(patternSpace), Complexity: "O(N) where N is the number of patterns to unsubscribe.",
			Summary: "Stops listening to messages published to channels that match one or more patterns.", Syntax: "[pattern [pattern ...]]"},
		{Name: "ssubscribe", Arity: -2, Flags: sub, Keys: shards, Group: g, Since: "7.0.0", Do: s.subscriber(shardSpace), Complexity: "O(N) where N is the number of shard channels to subscribe to.",
			Summary: "Listens for messages published to shard channels.", Syntax: "shardchannel [shardchannel ...]"},
		{Name: "sunsubscribe", Arity: -1, Flags: sub, Keys: shards, Group: g, Since: "7.0.0", Do: s.unsubscriber(shardSpace), Complexity: "O(N) where N is the number of shard channels to unsubscribe.",
			Summary: "Stops listening to messages posted to shard channels.", Syntax: "[shardchannel [shardchannel ...]]"},
		{Name: "publish", Arity: 3, Flags: pub, Group: g, Since: "2.0.0", Do: s.publish, Complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
			Summary: "Posts a message to a channel.", Syntax: "channel message"},
		{Name: "spublish", Arity: 3, Flags: pub, Keys: shard, Group: g, Since: "7.0.0", Do: s.spublish, Complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
			Summary: "Post a message to a shard channel", Syntax: "shardchannel message"},
		{Name: "pubsub", Arity: -2, Group: g, Since: "2.8.0", Complexity: "Depends on subcommand.", Summary: "A container for Pub/Sub commands.", Sub: []command.Spec{
			{Name: "channels", Arity: -2, Flags: info, Group: g, Since: "2.8.0", Do: s.pubsubChannels(channelSpace), Summary: "Returns the active channels.", Syntax: "[pattern]",
				Complexity: "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)"},
			{Name: "numpat", Arity: 2, Flags: info, Group: g, Since: "2.8.0", Do: s.pubsubNumPat, Summary: "Returns a count of unique pattern subscriptions.", Complexity: "O(1)"},
			{Name: "numsub", Arity: -2, Flags: info, Group: g, Since: "2.8.0", Do: s.pubsubNumSub(channelSpace), Summary: "Returns a count of subscribers to channels.", Syntax: "[channel [channel ...]]",
				Complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels"},
			{Name: "shardchannels", Arity: -2, Flags: info, Group: g, Since: "7.0.0", Do: s.pubsubChannels(shardSpace), Summary: "Returns the active shard channels.", Syntax: "[pattern]",
				Complexity: "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels)."},
			{Name: "shardnumsub", Arity: -2, Flags: info, Group: g, Since: "7.0.0", Do: s.pubsubNumSub(shardSpace), Summary: "Returns the count of subscribers of shard channels.", Syntax: "[shardchannel [shardchannel ...]]",
				Complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels"},
			s.help("pubsub", command.GroupPubSub, "6.2.0",
				"CHANNELS [<pattern>]", "    Return the currently active channels matching a <pattern> (default: '*').",
				"NUMPAT", "    Return number of subscriptions to patterns.",
				"NUMSUB [<channel> ...]", "    Return the number of subscribers for the specified channels, excluding", "    pattern subscriptions(default: no channels).",
				"SHARDCHANNELS [<pattern>]", "    Return the currently active shard level channels matching a <pattern> (default: '*').",
				"SHARDNUMSUB [<shardchannel> ...]", "    Return the number of subscribers for the specified shard level channel(s)"),
		}},
	}
}

// confirm writes the confirmation of one subscription or its end; name nil: there was none to end.
func (c *conn) confirm(kind string, name []byte, n int) {
	c.out.Push(3)
	c.out.BulkString(kind)
	if name == nil {
		c.out.Nil()
	} else {
		c.out.Bulk(name)
	}
	c.out.Int(int64(n))
}

func (s *Server) subscriber(i int) command.Handler {
	return func(x *command.Ctx) error {
		c := x.Client.(*conn)
		for _, name := range x.Args[1:] {
			s.hub.add(c, i, name)
			c.confirm(s.hub.space(i).subscribe, name, c.counted(i))
		}
		return nil
	}
}

func (s *Server) unsubscriber(i int) command.Handler {
	return func(x *command.Ctx) error {
		c := x.Client.(*conn)
		kind := s.hub.space(i).unsubscribe
		if len(x.Args) > 1 {
			for _, name := range x.Args[1:] {
				s.hub.remove(c, i, string(name))
				c.confirm(kind, name, c.counted(i))
			}
			return nil
		}
		names := sortedNames(c.own(i))
		for _, name := range names {
			s.hub.remove(c, i, name)
			c.confirm(kind, []byte(name), c.counted(i))
		}
		if len(names) == 0 {
			c.confirm(kind, nil, c.counted(i))
		}
		return nil
	}
}

func (s *Server) publish(x *command.Ctx) error {
	x.Reply.Int(int64(s.hub.publish(s, x.Args[1], x.Args[2])))
	return nil
}

func (s *Server) spublish(x *command.Ctx) error {
	x.Reply.Int(int64(s.hub.publishShard(s, x.Args[1], x.Args[2])))
	return nil
}

func (s *Server) pubsubChannels(i int) command.Handler {
	return func(x *command.Ctx) error {
		if len(x.Args) > 3 {
			return wrongSubcommand(x)
		}
		mark, n := x.Reply.DeferArray(), 0
		for _, name := range sortedNames(s.hub.space(i).all) {
			if len(x.Args) == 2 || glob.Match(x.Args[2], []byte(name)) {
				x.Reply.BulkString(name)
				n++
			}
		}
		x.Reply.EndArray(mark, n)
		return nil
	}
}

func (s *Server) pubsubNumPat(x *command.Ctx) error {
	x.Reply.Int(int64(len(s.hub.patterns)))
	return nil
}

func (s *Server) pubsubNumSub(i int) command.Handler {
	return func(x *command.Ctx) error {
		x.Reply.Array(2 * (len(x.Args) - 2)) // flat in RESP3 too, as in Redis
		for _, name := range x.Args[2:] {
			x.Reply.Bulk(name)
			x.Reply.Int(int64(len(s.hub.space(i).all[string(name)])))
		}
		return nil
	}
}

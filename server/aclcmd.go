package server

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/evald/evald/engine/command"
)

// aclSpec declares ACL.
func (s *Server) aclSpec() command.Spec {
	const admin = command.Admin | command.NoScript | command.Loading | command.Stale
	const open = command.NoScript | command.Loading | command.Stale
	g := command.GroupServer
	sub := func(name string, arity int, flags command.Flags, do command.Handler, complexity, summary, syntax string) command.Spec {
		return command.Spec{Name: name, Arity: arity, Flags: flags, Group: g, Since: "6.0.0", Do: do, Complexity: complexity, Summary: summary, Syntax: syntax}
	}
	return command.Spec{Name: "acl", Arity: -2, Group: g, Since: "6.0.0", Complexity: "Depends on subcommand.", Summary: "A container for Access List Control commands.", Sub: []command.Spec{
		sub("cat", -2, open, s.aclCat, "O(1) since the categories and commands are a fixed set.", "Lists the ACL categories, or the commands inside a category.", "[category]"),
		sub("deluser", -3, admin, s.aclDelUser, "O(1) amortized time considering the typical user.", "Deletes ACL users, and terminates their connections.", "username [username ...]"),
		sub("dryrun", -4, admin, s.aclDryRun, "O(1).", "Simulates the execution of a command by a user, without executing the command.", "username command [arg [arg ...]]"),
		sub("genpass", -2, open, s.aclGenPass, "O(1)", "Generates a pseudorandom, secure password that can be used to identify ACL users.", "[bits]"),
		sub("getuser", 3, admin, s.aclGetUser, "O(N). Where N is the number of password, command and pattern rules that the user has.", "Lists the ACL rules of a user.", "username"),
		sub("list", 2, admin, s.aclList, "O(N). Where N is the number of configured users.", "Dumps the effective rules in ACL file format.", ""),
		sub("load", 2, admin, s.aclLoad, "O(N). Where N is the number of configured users.", "Reloads the rules from the configured ACL file.", ""),
		sub("log", -2, admin, s.aclLogCmd, "O(N) with N being the number of entries shown.", "Lists recent security events generated due to ACL rules.", "[count | RESET]"),
		sub("save", 2, admin, s.aclSave, "O(N). Where N is the number of configured users.", "Saves the effective ACL rules in the configured ACL file.", ""),
		sub("setuser", -3, admin, s.aclSetUser, "O(N). Where N is the number of rules provided.", "Creates and modifies an ACL user and its rules.", "username [rule [rule ...]]"),
		sub("users", 2, admin, s.aclUsers, "O(N). Where N is the number of configured users.", "Lists all ACL users.", ""),
		sub("whoami", 2, open, s.aclWhoAmI, "O(1)", "Returns the authenticated username of the current connection.", ""),
		s.help("acl", g, "6.0.0", strings.Split(aclHelp, "\n")...),
	}}
}

const aclHelp = `CAT [<category>]
    List all commands that belong to <category>, or all command categories
    when no category is specified.
DELUSER <username> [<username> ...]
    Delete a list of users.
DRYRUN <username> <command> [<arg> ...]
    Returns whether the user can execute the given command without executing the command.
GETUSER <username>
    Get the user's details.
GENPASS [<bits>]
    Generate a secure 256-bit user password. The optional ` + "`bits`" + ` argument can
    be used to specify a different size.
LIST
    Show users details in config file format.
LOAD
    Reload users from the ACL file.
LOG [<count> | RESET]
    Show the ACL log entries.
SAVE
    Save the current config to the ACL file.
SETUSER <username> <attribute> [<attribute> ...]
    Create or modify a user with the specified attributes.
USERS
    List all the registered usernames.
WHOAMI
    Return the current connection username.`

func wrongSubcommand(x *command.Ctx) error {
	return command.Error("ERR unknown subcommand or wrong number of arguments for '" + string(x.Args[1]) + "'. Try " +
		strings.ToUpper(x.Spec.Parent().Name) + " HELP.")
}

func (s *Server) aclCat(x *command.Ctx) error {
	if len(x.Args) > 3 {
		return wrongSubcommand(x)
	}
	if len(x.Args) == 2 {
		x.Reply.Array(len(command.CategoryNames))
		for _, name := range command.CategoryNames {
			x.Reply.BulkString(name)
		}
		return nil
	}
	category := command.Category(string(x.Args[2]))
	if category == 0 {
		return command.Error("ERR Unknown category '" + string(x.Args[2]) + "'")
	}
	mark, n := x.Reply.DeferArray(), 0
	for _, spec := range s.table.All() {
		if spec.ACLCategories()&category != 0 {
			x.Reply.BulkString(spec.FullName())
			n++
		}
	}
	x.Reply.EndArray(mark, n)
	return nil
}

func (s *Server) aclWhoAmI(x *command.Ctx) error {
	x.Reply.BulkString(x.Client.(*conn).user.name)
	return nil
}

func (s *Server) aclUsers(x *command.Ctx) error {
	names := sortedNames(s.acl.users)
	x.Reply.Array(len(names))
	for _, name := range names {
		x.Reply.BulkString(name)
	}
	return nil
}

func (s *Server) aclList(x *command.Ctx) error {
	names := sortedNames(s.acl.users)
	x.Reply.Array(len(names))
	for _, name := range names {
		x.Reply.BulkString("user " + name + " " + s.acl.users[name].describe(s))
	}
	return nil
}

// aclSetUser changes a user, or makes one; all rules or none.
func (s *Server) aclSetUser(x *command.Ctx) error {
	name := string(x.Args[2])
	if strings.ContainsAny(name, " \x00") {
		return command.Error("ERR Usernames can't contain spaces or null characters")
	}
	var rules []string
	for _, a := range x.Args[3:] {
		rules = append(rules, string(a))
	}
	if err := s.defineUser(s.acl.users, name, rules); err != nil {
		return command.Error("ERR " + err.Error())
	}
	s.touchUser(name)
	s.revokeChannels(s.acl.users[name])
	x.Reply.Status("OK")
	return nil
}

func (s *Server) aclDelUser(x *command.Ctx) error {
	n := 0
	for _, a := range x.Args[2:] {
		if string(a) == "default" {
			return command.Error("ERR The 'default' user cannot be removed")
		}
	}
	for _, a := range x.Args[2:] {
		if u := s.acl.users[string(a)]; u != nil {
			delete(s.acl.users, u.name)
			s.touchUser(u.name)
			s.dropUser(u)
			n++
		}
	}
	x.Reply.Int(int64(n))
	return nil
}

// dropUser closes the connections of a user that is gone.
func (s *Server) dropUser(u *user) {
	for _, c := range append([]*conn(nil), s.clients...) {
		if c.user == u {
			if c == s.running {
				s.setUser(c, s.acl.defaultUser, false)
			}
			s.kill(c, s.running)
		}
	}
}

func (s *Server) aclGetUser(x *command.Ctx) error {
	u := s.acl.users[string(x.Args[2])]
	r := x.Reply
	if u == nil {
		r.Nil()
		return nil
	}
	r.Map(6)
	r.BulkString("flags")
	flags := u.flagNames()
	r.Set(len(flags))
	for _, f := range flags {
		r.BulkString(f)
	}
	r.BulkString("passwords")
	r.Array(len(u.passwords))
	for _, p := range u.passwords {
		r.BulkString(p)
	}
	writeSelector(r, u.selectors[0])
	r.BulkString("selectors")
	r.Array(len(u.selectors) - 1)
	for _, sel := range u.selectors[1:] {
		r.Map(3)
		writeSelector(r, sel)
	}
	return nil
}

func writeSelector(r command.Reply, sel *selector) {
	r.BulkString("commands")
	r.BulkString(sel.commands())
	r.BulkString("keys")
	r.BulkString(sel.keyText())
	r.BulkString("channels")
	r.BulkString(sel.channelText())
}

func (s *Server) aclDryRun(x *command.Ctx) error {
	u := s.acl.users[string(x.Args[2])]
	if u == nil {
		return command.Error("ERR User '" + string(x.Args[2]) + "' not found")
	}
	args := x.Args[3:]
	spec, err := s.table.Resolve(args)
	if err != nil {
		return command.Error("ERR Command '" + string(args[0]) + "' not found")
	}
	if err := command.CheckArity(spec, args); err != nil {
		return err
	}
	switch reason, at := u.check(spec, args); reason {
	case aclAllowed:
		x.Reply.Status("OK")
	case aclCommand:
		x.Reply.BulkString("User " + u.name + " has no permissions to run the '" + spec.FullName() + "' command")
	case aclKey:
		x.Reply.BulkString("User " + u.name + " has no permissions to access the '" + string(args[at]) + "' key")
	default:
		x.Reply.BulkString("User " + u.name + " has no permissions to access the '" + string(args[at]) + "' channel")
	}
	return nil
}

func (s *Server) aclGenPass(x *command.Ctx) error {
	bits := int64(256)
	if len(x.Args) > 3 {
		return wrongSubcommand(x)
	}
	if len(x.Args) == 3 {
		n, err := x.Int(2)
		if err != nil {
			return err
		}
		if n <= 0 || n > 4096 {
			return command.Error("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")
		}
		bits = n
	}
	digits := int(bits+3) / 4
	raw := make([]byte, (digits+1)/2)
	rand.Read(raw) // never fails
	x.Reply.BulkString(hex.EncodeToString(raw)[:digits])
	return nil
}

func (s *Server) aclLogCmd(x *command.Ctx) error {
	count := int64(10)
	if len(x.Args) > 3 {
		return wrongSubcommand(x)
	}
	if len(x.Args) == 3 {
		if x.Is(2, "reset") {
			s.acl.log.entries = nil
			x.Reply.Status("OK")
			return nil
		}
		n, err := x.Int(2)
		if err != nil {
			return err
		}
		count = max(n, 0)
	}
	list := s.acl.log.entries
	list = list[:min(int64(len(list)), count)]
	r := x.Reply
	r.Array(len(list))
	for _, e := range list {
		r.Map(10)
		r.BulkString("count")
		r.Int(e.count)
		r.BulkString("reason")
		r.BulkString([...]string{"", "command", "key", "channel", "auth"}[e.reason])
		r.BulkString("context")
		r.BulkString(e.context)
		r.BulkString("object")
		r.BulkString(e.object)
		r.BulkString("username")
		r.BulkString(e.username)
		r.BulkString("age-seconds")
		r.Double(float64(s.ms-e.created) / 1000)
		r.BulkString("client-info")
		r.BulkString(e.client)
		r.BulkString("entry-id")
		r.Int(e.id)
		r.BulkString("timestamp-created")
		r.Int(e.created)
		r.BulkString("timestamp-last-updated")
		r.Int(e.updated)
	}
	return nil
}

const errNoACLFile command.Error = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."

// readACLFile returns the users of the aclfile; any bad line refuses all of it.
func (s *Server) readACLFile() (map[string]*user, error) {
	text, err := os.ReadFile(s.config.aclFile)
	if err != nil {
		return nil, fmt.Errorf("Error loading ACLs, opening file '%s': %v", s.config.aclFile, reasonOf(err))
	}
	users := map[string]*user{}
	for i, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if words[0] != "user" || len(words) < 2 {
			return nil, fmt.Errorf("%s:%d: every line must begin with 'user' and a name", s.config.aclFile, i+1)
		}
		if users[words[1]] != nil {
			return nil, fmt.Errorf("%s:%d: WARNING: duplicate user '%s' found", s.config.aclFile, i+1, words[1])
		}
		if err := s.defineUser(users, words[1], words[2:]); err != nil {
			return nil, fmt.Errorf("%s:%d: %v", s.config.aclFile, i+1, err)
		}
	}
	return users, nil
}

// replaceUsers takes the users of the aclfile. A user of the same name stays the same for its connections; those of users that are
// gone are closed.
func (s *Server) replaceUsers(users map[string]*user) {
	if users["default"] == nil {
		users["default"] = s.newUser("default")
		users["default"].apply(s, []string{"on", "nopass", "allkeys", "allchannels", "allcommands"})
	}
	for name, old := range s.acl.users {
		if next := users[name]; next != nil {
			*old = *next
			users[name] = old
		} else {
			s.dropUser(old)
		}
	}
	s.acl.users = users
	for _, name := range sortedNames(users) {
		s.revokeChannels(users[name])
	}
}

func (s *Server) aclLoad(x *command.Ctx) error {
	if s.config.aclFile == "" {
		return errNoACLFile
	}
	users, err := s.readACLFile()
	if err != nil {
		return command.Error("ERR " + err.Error())
	}
	s.replaceUsers(users)
	x.Reply.Status("OK")
	return nil
}

func (s *Server) aclSave(x *command.Ctx) error {
	if s.config.aclFile == "" {
		return errNoACLFile
	}
	var out bytes.Buffer
	names := sortedNames(s.acl.users)
	slices.Sort(names)
	for _, name := range names {
		out.WriteString("user " + name + " " + s.acl.users[name].describe(s) + "\n")
	}
	if err := writeFile(s.config.aclFile, out.Bytes()); err != nil {
		s.opts.Log.Printf("write %s: %v", s.config.aclFile, err)
		return command.Error("ERR There was an error trying to save the ACLs. Please check the server logs for more information")
	}
	x.Reply.Status("OK")
	return nil
}

package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// listener is one listening socket that the poller watches.
type listener struct {
	fd   int
	addr string
	unix bool
	file *os.File // owns fd
}

var errPortInUse = errors.New("the port is in use by another process")

// listenTCP listens on host:port. The error is one line that names the address and what to do.
func listenTCP(addr string) (*listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("listen on %s: %w", addr, errPortInUse)
		}
		return nil, fmt.Errorf("listen on %s: %w", addr, reason(err))
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	return newListener(f, l.Addr().String(), err)
}

// listenUnix listens on a Unix socket, replacing a socket file that nobody answers on. perm is octal, "" leaves the umask's.
func listenUnix(path, perm string) (*listener, error) {
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, fmt.Errorf("listen on %s: the socket is in use by another process", path)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, reason(err))
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	defer l.Close()
	if perm != "" && perm != "0" {
		mode, err := strconv.ParseUint(perm, 8, 32)
		if err != nil {
			return nil, fmt.Errorf("unixsocketperm %q is not an octal mode", perm)
		}
		if err := os.Chmod(path, os.FileMode(mode)); err != nil {
			return nil, fmt.Errorf("set mode of %s: %w", path, reason(err))
		}
	}
	f, err := l.(*net.UnixListener).File()
	ln, err := newListener(f, path, err)
	if ln != nil {
		ln.unix = true
	}
	return ln, err
}

func newListener(f *os.File, addr string, err error) (*listener, error) {
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	fd := int(f.Fd()) // sets it blocking, hence the next line
	if err := unix.SetNonblock(fd, true); err != nil {
		f.Close()
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return &listener{fd: fd, addr: addr, file: f}, nil
}

func (l *listener) close() {
	l.file.Close()
	if l.unix {
		os.Remove(l.addr)
	}
}

// reason takes the innermost cause out of a network error, whose outer layers repeat the address.
func reason(err error) error {
	var se *os.SyscallError
	if errors.As(err, &se) {
		return se.Err
	}
	var oe *net.OpError
	if errors.As(err, &oe) {
		return oe.Err
	}
	return err
}

// takeAddr makes Options.Addr the value of bind and port. Several addresses must have one port.
func (s *Server) takeAddr() error {
	switch s.opts.Addr {
	case "":
		return nil
	case "none":
		s.config.port = 0
		s.params.byName["port"].changed = true
		s.listensNowhere = true
		return nil
	}
	var hosts []string
	for _, addr := range strings.Split(s.opts.Addr, ",") {
		host, port, err := net.SplitHostPort(strings.TrimSpace(addr))
		if err != nil {
			return fmt.Errorf("address %q: want HOST:PORT", addr)
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || len(hosts) > 0 && int(n) != s.config.port {
			return fmt.Errorf("address %q: the port must be a number up to 65535, the same for every address", addr)
		}
		if host == "" {
			host = "*"
		}
		hosts, s.config.port = append(hosts, host), int(n)
	}
	s.config.bind = strings.Join(hosts, " ")
	s.params.byName["port"].changed, s.params.byName["bind"].changed = true, true
	return nil
}

// listenBound opens the sockets that bind and port ask for. An address with a minus may be missing on this machine.
func (s *Server) listenBound() ([]*listener, error) {
	var list []*listener
	for _, host := range strings.Fields(s.config.bind) {
		name := strings.TrimPrefix(host, "-")
		if name == "*" {
			name = ""
		}
		l, err := listenTCP(net.JoinHostPort(name, strconv.Itoa(s.config.port)))
		if err != nil {
			if host[0] == '-' && !errors.Is(err, errPortInUse) {
				continue
			}
			for _, open := range list {
				open.close()
			}
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// listen opens every listening socket.
func (s *Server) listen() error {
	if !s.listensNowhere && (s.config.port != 0 || s.opts.Addr != "") {
		list, err := s.listenBound()
		if err != nil {
			return err
		}
		s.listeners = list
		if s.config.port == 0 && len(list) > 0 { // the system chose one
			_, port, _ := net.SplitHostPort(list[0].addr)
			s.config.port, _ = strconv.Atoi(port)
		}
	}
	s.boundTo = s.config.bind + " " + strconv.Itoa(s.config.port)
	path := s.opts.UnixSocket
	if path == "" {
		path = s.config.unixSocket
	}
	if path != "" {
		l, err := listenUnix(path, s.config.unixSocketPerm)
		if err != nil {
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	for _, l := range s.listeners {
		if err := s.poll.add(l.fd); err != nil {
			return err
		}
	}
	return nil
}

// applyListen moves the TCP sockets to where bind and port now say. Connections stay. If that fails there is none until CONFIG SET,
// which puts the old values back, comes here again.
func (s *Server) applyListen() error {
	next := s.config.bind + " " + strconv.Itoa(s.config.port)
	if s.poll == nil || next == s.boundTo {
		return nil
	}
	var kept []*listener
	for _, l := range s.listeners {
		if l.unix {
			kept = append(kept, l)
			continue
		}
		s.poll.remove(l.fd)
		l.close()
	}
	s.listeners, s.boundTo = kept, ""
	if s.config.port != 0 {
		list, err := s.listenBound()
		if err != nil {
			s.opts.Log.Print(err)
			return configError("Unable to listen on this port. Check server logs.")
		}
		for _, l := range list {
			if err := s.poll.add(l.fd); err != nil {
				return err
			}
			s.listeners = append(s.listeners, l)
		}
	}
	s.boundTo = next
	return nil
}

// maxAccepts bounds the connections accepted per listener and turn.
const maxAccepts = 1000

// accept takes the connections that wait at l.
func (s *Server) accept(l *listener) {
	for range maxAccepts {
		fd, sa, err := acceptFD(l.fd)
		if err != nil {
			if err == unix.EMFILE || err == unix.ENFILE {
				s.opts.Log.Printf("accept: %v", err)
			}
			return
		}
		c := s.newConn(fd)
		c.unix = l.unix
		if l.unix {
			c.addr, c.laddr = l.addr+":0", l.addr+":0"
		} else {
			unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			if k := s.config.tcpKeepalive; k > 0 {
				setKeepAlive(fd, k)
			}
			c.remote, c.addr = sockaddr(sa)
			if local, err := unix.Getsockname(fd); err == nil {
				_, c.laddr = sockaddr(local)
			}
		}
		if s.admit(c) {
			if err := s.poll.add(fd); err != nil {
				s.opts.Log.Print(err)
				s.close(c)
			}
		}
	}
}

func sockaddr(sa unix.Sockaddr) (ip net.IP, text string) {
	var port int
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		ip, port = net.IP(sa.Addr[:]), sa.Port
	case *unix.SockaddrInet6:
		ip, port = net.IP(sa.Addr[:]), sa.Port
	default:
		return nil, ""
	}
	ip = append(net.IP(nil), ip...)
	if v4 := ip.To4(); v4 != nil {
		ip = v4
	}
	return ip, net.JoinHostPort(ip.String(), strconv.Itoa(port))
}

const deniedText = "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. " +
	"In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis " +
	"you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' " +
	"from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not " +
	"publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just " +
	"disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then " +
	"restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. " +
	"4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the " +
	"server to start accepting connections from the outside."

// admit registers a new connection, or refuses it for maxclients or protected mode with Redis's error.
func (s *Server) admit(c *conn) bool {
	refuse := ""
	switch {
	case len(s.clients) >= s.config.maxClients:
		refuse = "ERR max number of clients reached"
	case s.config.protectedMode && s.acl.defaultUser.noPassword() && c.remote != nil && !c.remote.IsLoopback():
		refuse = deniedText
	}
	if refuse != "" {
		s.stats.rejectedConnections++
		c.out.Error(refuse)
		c.send(c.out.Buf)
		c.hangUp()
		return false
	}
	s.stats.connections++
	s.register(c)
	return true
}

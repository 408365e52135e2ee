package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"strings"
	"sync"
)

// The other side of all requests: git repositories below a directory, and whatever was uploaded.
//
//	gitlab DIRECTORY PORT=CERTIFICATE=KEY...
//
// Prints `ready` once it listens on all ports, then `PORT METHOD PATH` for each request.
func serve(arguments []string) error {
	directory, addresses := next(arguments)
	site := &site{directory: directory, uploads: map[string][]byte{}}
	failed := make(chan error)
	for _, address := range addresses {
		parts := strings.Split(address, "=")
		if len(parts) != 3 {
			return fmt.Errorf("no PORT=CERTIFICATE=KEY: %q", address)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:"+parts[0])
		if err != nil {
			return err
		}
		server := &http.Server{Handler: site.on(parts[0])}
		go func() { failed <- server.ServeTLS(listener, parts[1], parts[2]) }()
	}
	// Whoever started it holds its stdin, and takes it along.
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	site.say("ready")
	return <-failed
}

type site struct {
	directory string
	lock      sync.Mutex
	uploads   map[string][]byte
}

func (s *site) say(line string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	fmt.Println(line)
}

func (s *site) on(port string) http.Handler {
	git := &cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend",
		Env:  []string{"GIT_PROJECT_ROOT=" + s.directory, "GIT_HTTP_EXPORT_ALL=1"},
	}
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		s.say(fmt.Sprintf("%s %s %s", port, request.Method, request.URL.Path))
		switch {
		case strings.Contains(request.URL.Path, ".git/"):
			git.ServeHTTP(writer, request)
		case request.Method == http.MethodGet:
			s.download(writer, request)
		default:
			s.upload(writer, request)
		}
	})
}

func (s *site) download(writer http.ResponseWriter, request *http.Request) {
	s.lock.Lock()
	data, isThere := s.uploads[request.URL.Path]
	s.lock.Unlock()
	if !isThere {
		http.NotFound(writer, request)
		return
	}
	_, _ = writer.Write(data)
}

func (s *site) upload(writer http.ResponseWriter, request *http.Request) {
	data, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	s.lock.Lock()
	s.uploads[request.URL.Path] = data
	s.lock.Unlock()
}

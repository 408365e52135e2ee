package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The helper's commands that the runner starts.
func help(arguments []string) error {
	command, arguments := next(arguments)
	switch command {
	case "":
		fmt.Println("gitlab-runner-helper: a stand-in")
		return nil
	case "health-check":
		return healthCheck()
	case "cache-init":
		return cacheInit(arguments)
	case "steps":
		return steps(arguments)
	case "proxy-exec":
		return proxyExec(arguments)
	case "cache-archiver":
		return cache(http.MethodPut, arguments)
	case "cache-extractor":
		return cache(http.MethodGet, arguments)
	case "artifacts-uploader":
		return artifacts(http.MethodPost, arguments)
	case "artifacts-downloader":
		return artifacts(http.MethodGet, arguments)
	}
	return fmt.Errorf("no command %q", command)
}

func next(arguments []string) (string, []string) {
	if len(arguments) == 0 {
		return "", nil
	}
	return arguments[0], arguments[1:]
}

// Waits until a service can be reached.
func healthCheck() error {
	address := os.Getenv("WAIT_FOR_SERVICE_TCP_ADDR")
	port := os.Getenv("WAIT_FOR_SERVICE_TCP_PORT")
	if address == "" || port == "" {
		return fmt.Errorf("No HOST or PORT found")
	}
	fmt.Printf("waiting for TCP connection to %s on [%s]...\n", address, port)
	for {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(address, port), time.Second)
		if err == nil {
			return connection.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Lets every user write into the directories of a cache's volume.
func cacheInit(directories []string) error {
	if len(directories) == 0 {
		return fmt.Errorf("No arguments passed, at least one path is required.")
	}
	for _, directory := range directories {
		if err := os.Chmod(directory, 0o777); err != nil {
			return err
		}
	}
	return nil
}

// Puts this program where the build's container finds it.
func steps(arguments []string) error {
	verb, arguments := next(arguments)
	path, _ := next(arguments)
	if verb != "bootstrap" || path == "" {
		return fmt.Errorf("usage: steps bootstrap PATH")
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, program, 0o755)
}

// Becomes a command; the real one filters its output.
func proxyExec(arguments []string) error {
	for len(arguments) > 0 && strings.HasPrefix(arguments[0], "--") {
		arguments = arguments[1:]
	}
	command, _ := next(arguments)
	path, err := exec.LookPath(command)
	if err != nil {
		return err
	}
	return syscall.Exec(path, arguments, os.Environ())
}

func cache(method string, arguments []string) error {
	flags := flag.NewFlagSet("cache", flag.ContinueOnError)
	file := flags.String("file", "", "")
	url := flags.String("url", "", "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	return transfer(cacheClient(), method, *url, *file)
}

func artifacts(method string, arguments []string) error {
	flags := flag.NewFlagSet("artifacts", flag.ContinueOnError)
	file := flags.String("file", "", "")
	url := flags.String("url", "", "")
	id := flags.Int("id", 0, "")
	caFile := flags.String("tls-ca-file", os.Getenv("CI_SERVER_TLS_CA_FILE"), "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	client, err := apiClient(*url, *caFile)
	if err != nil {
		return err
	}
	return transfer(client, method, fmt.Sprintf("%s/api/v4/jobs/%d/artifacts", *url, *id), *file)
}

// Sends a file, or writes what comes to it.
func transfer(client *http.Client, method, url, file string) error {
	var body io.Reader
	if method != http.MethodGet {
		opened, err := os.Open(file)
		if err != nil {
			return err
		}
		defer opened.Close()
		body = opened
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	if method != http.MethodGet {
		return nil
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o666)
}

package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// The client for GitLab's own API: it trusts the system's roots and those of a file besides, which may
// be missing. Without a file it takes the one that is named after the server.
func apiClient(server, caFile string) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if caFile == "" {
		caFile = hostFile(server)
	}
	if data, err := os.ReadFile(caFile); err == nil && !roots.AppendCertsFromPEM(data) {
		fmt.Fprintln(os.Stderr, "ERROR: Failed to parse PEM in", caFile)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	return &http.Client{Transport: transport}, nil
}

// The client for caches: nobody tells it of a file, and the system's roots are all that it has.
func cacheClient() *http.Client {
	return &http.Client{Transport: &http.Transport{}}
}

// The file of a server's own certificate, in the directory of the runner's configuration.
func hostFile(server string) string {
	address, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return filepath.Join(filepath.Dir(configFile()), "certs", address.Hostname()+".crt")
}

func configFile() string {
	switch {
	case os.Getenv("CONFIG_FILE") != "":
		return os.Getenv("CONFIG_FILE")
	case os.Getuid() == 0:
		return "/etc/gitlab-runner/config.toml"
	default:
		return filepath.Join(os.Getenv("HOME"), ".gitlab-runner", "config.toml")
	}
}

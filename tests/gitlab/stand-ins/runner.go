package main

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
)

// The commands of gitlab-runner itself.
func run(arguments []string) error {
	command, rest := next(arguments)
	switch command {
	case "--version":
		fmt.Println("Version: a stand-in")
		return nil
	case "run":
		return serveJobs()
	case "register":
		return register(rest)
	case "show":
		show()
		return nil
	}
	return fmt.Errorf("no command %q", command)
}

// Tells how it was started.
func show() {
	fmt.Printf("arguments: %q\n", os.Args)
	environment := os.Environ()
	sort.Strings(environment)
	for _, variable := range environment {
		fmt.Println("variable:", variable)
	}
}

// Runs until a signal ends it: SIGQUIT lets jobs end first, others don't.
func serveJobs() error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGINT)
	show()
	fmt.Println("running")
	received := <-signals
	fmt.Println("ended by", received)
	if received != syscall.SIGQUIT {
		os.Exit(1)
	}
	return nil
}

// Asks the server whether it knows the token, and writes the configuration.
func register(arguments []string) error {
	flags := flag.NewFlagSet("register", flag.ContinueOnError)
	isSilent := flags.Bool("non-interactive", false, "")
	url := flags.String("url", os.Getenv("CI_SERVER_URL"), "")
	token := flags.String("token", "", "")
	caFile := flags.String("tls-ca-file", os.Getenv("CI_SERVER_TLS_CA_FILE"), "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *url == "" && !*isSilent {
		fmt.Println("Enter the GitLab instance URL (for example, https://gitlab.com/):")
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil {
			return err
		}
		*url = strings.TrimSpace(line)
	}
	client, err := apiClient(*url, *caFile)
	if err != nil {
		return err
	}
	response, err := client.Post(*url+"/api/v4/runners/verify", "application/json", nil)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("verifying the token: %s", response.Status)
	}
	configuration := fmt.Sprintf("[[runners]]\n  url = %q\n  token = %q\n", *url, *token)
	if *caFile != "" {
		configuration += fmt.Sprintf("  tls-ca-file = %q\n", *caFile)
	}
	if err := os.MkdirAll(filepath.Dir(configFile()), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(configFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(configuration)
	return err
}

// Stands in for GitLab Runner's programs where the real ones can't be had: gitlab-runner-helper,
// gitlab-runner, and by the name of gitlab for the server that both talk to.
//
// It is written in Go as they are, since what counts is whom they trust: the same library reads the
// same files and variables. What a command does besides is the least that shows that it ran.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	programs := map[string]func([]string) error{
		"gitlab":               serve,
		"gitlab-runner":        run,
		"gitlab-runner-helper": help,
	}
	name := filepath.Base(os.Args[0])
	program, isKnown := programs[name]
	if !isKnown {
		fmt.Fprintf(os.Stderr, "stand-in: no program %q\n", name)
		os.Exit(2)
	}
	if err := program(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "FATAL:", err)
		os.Exit(1)
	}
}

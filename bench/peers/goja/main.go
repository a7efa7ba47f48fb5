// goja, a fresh runtime a request, and nothing else around it: no limits, no hash, no store.
// With `kernel FILE...` instead of PORT it times CPU kernels: seconds for one call of main().
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/dop251/goja"
)

type request struct {
	Script string `json:"script"`
	Input  any    `json:"input"`
}

func run(script string, input any) (any, error) {
	vm := goja.New()
	if _, err := vm.RunString(script); err != nil {
		return nil, err
	}
	entry, ok := goja.AssertFunction(vm.Get("main"))
	if !ok {
		return nil, errors.New("no function main")
	}
	result, err := entry(goja.Undefined(), vm.ToValue(input))
	if err != nil {
		return nil, err
	}
	return result.Export(), nil
}

func handle(w http.ResponseWriter, r *http.Request) {
	var req request
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	output, err := run(req.Script, req.Input)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"output": output})
}

func kernel(file string) error {
	script, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	start := time.Now()
	output, err := run(string(script), map[string]any{})
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	text, err := json.Marshal(output)
	if err != nil {
		return err
	}
	fmt.Printf("{\"seconds\":%.6f,\"output\":%s}\n", seconds, text)
	return nil
}

func main() {
	var err error
	if len(os.Args) == 3 && os.Args[1] == "kernel" {
		err = kernel(os.Args[2])
	} else {
		err = http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(handle))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

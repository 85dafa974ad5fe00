package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	longestName = 255 // of a folder, on every file system that matters
	marks       = ".marks"
	leaving     = ".removing"
)

// folders are the volumes of this node: each a folder below root, known by a mark that names it, `.marks/<uid of the claim>`. A mark is
// written before its folder and removed after it, and nothing is removed without one. So what somebody else put below root stays,
// whatever a PersistentVolume says.
type folders struct{ root string }

var (
	partPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	uidPattern  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
)

// folderName is `<namespace>_<claim>_<uid>`, the claim's name shortened where it would be too long for a file system. The uid alone
// makes it unique; the rest is for people. The API server has checked the parts, but they become a path here.
func folderName(namespace, name, uid string) (string, error) {
	if !partPattern.MatchString(namespace) || !partPattern.MatchString(name) || !uidPattern.MatchString(uid) {
		return "", fmt.Errorf("'%s/%s' with uid '%s' is no claim", namespace, name, uid)
	}
	if room := longestName - len(namespace) - len(uid) - 2; len(name) > room {
		name = strings.TrimRight(name[:room], ".-")
	}
	return namespace + "_" + name + "_" + uid, nil
}

// make gives the path of the claim's folder, which everybody may write to: pods run as any user. Idempotent.
func (f folders) make(namespace, name, uid string) (string, error) {
	folder, err := folderName(namespace, name, uid)
	if err != nil {
		return "", err
	}
	if err := f.mark(uid, folder); err != nil {
		return "", err
	}
	path := filepath.Join(f.root, folder)
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	if err := mustBeFolder(path); err != nil {
		return "", err
	}
	return path, os.Chmod(path, 0o777) // whatever the umask is
}

func (f folders) mark(uid, folder string) error {
	if err := os.MkdirAll(filepath.Join(f.root, marks), 0o700); err != nil {
		return err
	}
	target := filepath.Join(f.root, marks, uid)
	file, err := os.CreateTemp(filepath.Dir(target), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(folder)
	if err == nil {
		err = file.Sync() // a mark without its text, after the machine lost power, would keep the folder for ever
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), target)
}

// remove deletes the claim's folder with everything in it. path is what the volume says, and has to be exactly the folder of that claim,
// with its mark. One that is gone already is no error.
func (f folders) remove(namespace, name, uid, path string) error {
	folder, err := folderName(namespace, name, uid)
	if err != nil {
		return err
	}
	if path != filepath.Join(f.root, folder) {
		return fmt.Errorf("%s is not the folder of claim %s/%s; nothing was removed", path, namespace, name)
	}
	marked, err := os.ReadFile(filepath.Join(f.root, marks, uid))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("%s was not made by this program (it has no mark); nothing was removed", path)
	}
	if err != nil {
		return err
	}
	if string(marked) != folder {
		return fmt.Errorf("the mark of %s names %q; nothing was removed", path, marked)
	}
	// Under another name first: a half-removed folder is never seen as a volume, and the next call knows where to go on.
	gone := filepath.Join(f.root, leaving, uid)
	if err := os.MkdirAll(filepath.Dir(gone), 0o700); err != nil {
		return err
	}
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		if err := mustBeFolder(path); err != nil {
			return err
		}
		if err := os.Rename(path, gone); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	// Links in it are removed, not followed; and no pod changes it meanwhile, because a claim goes only when no pod has it any longer.
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	return os.Remove(filepath.Join(f.root, marks, uid))
}

// marked are the uids of all claims that have a mark.
func (f folders) marked() (uids []string, err error) {
	entries, err := os.ReadDir(filepath.Join(f.root, marks))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		if uidPattern.MatchString(entry.Name()) {
			uids = append(uids, entry.Name())
		}
	}
	return uids, err
}

// removeEmpty takes the mark away and the folder with it if that is empty or absent; false when there is something in it.
func (f folders) removeEmpty(uid string) (bool, error) {
	mark := filepath.Join(f.root, marks, uid)
	folder, err := os.ReadFile(mark)
	if err != nil {
		return false, err
	}
	if filepath.Base(string(folder)) != string(folder) || !strings.HasSuffix(string(folder), "_"+uid) {
		return false, fmt.Errorf("the mark %s names %q", mark, folder)
	}
	path := filepath.Join(f.root, string(folder))
	if _, err := os.Lstat(path); err == nil {
		if err := mustBeFolder(path); err != nil {
			return false, err
		}
		if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
			return false, err
		}
		if err := os.Remove(path); err != nil {
			return false, err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	return true, os.Remove(mark)
}

func mustBeFolder(path string) error {
	status, err := os.Lstat(path)
	if err == nil && !status.IsDir() {
		return fmt.Errorf("%s is no folder", path)
	}
	return err
}

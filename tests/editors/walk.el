;;; What a person does in Emacs with eglot, and what comes of it; one line of JSON each.  -*- lexical-binding: t -*-

(require 'eglot)
(require 'json)
(require 'seq)

(defun walk-tell (what value)
  "Print one step's outcome."
  (princ (concat (json-encode (list (cons what value))) "\n")))

(defun walk-wait (wish)
  "Wait until WISH gives something; what it gives, nil after half a minute."
  (let ((end (+ (float-time) 30)) found)
    (while (and (not (setq found (funcall wish))) (< (float-time) end))
      (accept-process-output nil 0.05))
    found))

(defun walk-text ()
  "The file's text."
  (buffer-substring-no-properties (point-min) (point-max)))

(defun walk-do (title)
  "Have the code action done whose title begins with TITLE."
  (let ((last-nonmenu-event ?x)  ; asked by a key, not by the mouse
        (completing-read-function (lambda (_prompt all &rest _) (car (all-completions title all)))))
    (eglot-code-actions (point) nil nil t)))

(defvar walk-said nil "What was said in the echo area.")
(advice-add 'eglot--message :before (lambda (form &rest more) (push (apply #'format form more) walk-said)))

(defun walk-shown (words)
  "What was said, or is in a page of ours, with these WORDS."
  (walk-wait (lambda ()
               (seq-find (lambda (it) (string-match-p words it))
                         (append walk-said
                                 (mapcar (lambda (it) (with-current-buffer it (walk-text)))
                                         (seq-filter (lambda (it) (string-prefix-p "explanation" (buffer-name it)))
                                                     (buffer-list))))))))

(let ((file (pop command-line-args-left)) (command command-line-args-left))
  (setq command-line-args-left nil
        make-backup-files nil
        eglot-confirm-server-initiated-edits nil
        eglot-confirm-server-edits nil
        eglot-server-programs (list (cons 'python-mode command)))
  (find-file file)
  (python-mode)
  (apply #'eglot--connect (eglot--guess-contact))
  (flymake-mode 1)
  (flymake-start)
  (goto-char (point-max))
  (forward-line -1)
  (end-of-line)
  (insert " / len(users)")
  (save-buffer)
  (walk-tell 'found (walk-wait (lambda () (mapcar #'flymake-diagnostic-text (flymake-diagnostics)))))
  (beginning-of-line)
  (walk-do "Explain this bug")
  (walk-tell 'explained (walk-shown "It divides by none"))
  (switch-to-buffer (get-file-buffer file))
  (let ((before (walk-text)))
    (walk-do "Mend it")
    (walk-wait (lambda () (not (equal before (walk-text)))))
    (walk-tell 'mended (walk-text)))
  (save-buffer)  ; changes are told when Emacs is idle, which a batch never is, or before a save
  (walk-tell 'left (if (walk-wait (lambda () (null (flymake-diagnostics)))) 0 1))
  (walk-do "Document this")
  (walk-tell 'refused (walk-shown "no documentation"))
  (set-buffer-modified-p nil)
  (eglot-shutdown (eglot-current-server)))

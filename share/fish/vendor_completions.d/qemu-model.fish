# fish completion for qemu-model
complete -c qemu-model -a '(qemu-model completion --complete (commandline -cp) 2>/dev/null)'

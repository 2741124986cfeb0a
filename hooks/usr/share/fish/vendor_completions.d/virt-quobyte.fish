# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_virt_quobyte_global_optspecs
    string join \n config= h/help V/version
end

function __fish_virt_quobyte_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_virt_quobyte_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_virt_quobyte_using_subcommand
    set -l cmd (__fish_virt_quobyte_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -s h -l help -d 'Print help'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -s V -l version -d 'Print version'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "status" -d 'Show the shares: whether they are well, who holds them, and what is out of line'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "needs" -d 'Show which shares a domain needs, and every path in its XML that was looked at'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "lint" -d 'Find what is wrong with domains\' XML, seen from where their disks lie'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "explain" -d 'Explain a rule of lint: what it finds, why that is wrong, and where that is known from'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "mount" -d 'Mount a share by hand, and hold it until \'umount\''
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "umount" -d 'Let go of a share that was mounted by hand, and unmount it if nobody else holds it'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "attach" -d 'Give a running guest a disk on a share, and have the guest hold the share'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "detach" -d 'Take a disk on a share from a running guest, and have the guest let go of the share'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "recover" -d 'Show what crashes have left behind, and with --apply put it right'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "renew" -d 'Give a share another client while its guests run: after an upgrade, or with other options'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "watch" -d 'Watch the shares that guests hold, and revive guests whose client died, where they lose nothing by it'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "disk-xml" -d 'Print the XML of a disk on a share, alone or within a domain'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "config" -d 'Check the configuration'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "doctor" -d 'Show whether this host can run guests on Quobyte volumes, and what to type where it cannot'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "selftest" -d 'Try the Quobyte client with a volume, and show which of the assumptions about it hold'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "install" -d 'Have libvirt run the hook: link it into libvirt\'s directory of hooks'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "uninstall" -d 'Have libvirt run the hook no more: remove the link to it from libvirt\'s directory of hooks'
complete -c virt-quobyte -n "__fish_virt_quobyte_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand status" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand status" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand needs" -l connect -d 'Read the domain from this libvirt' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand needs" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand needs" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand needs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l connect -d 'Read domains from this libvirt, over a read-only connection: as they run and as they are defined, where that differs' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l format -d 'How to print' -r -f -a "text\t'For people'
json\t'For programs; schemas/lint-report.v1.schema.json says what is in it'
sarif\t'SARIF 2.1.0, for code scanners'
github\t'Annotations of GitHub\'s workflows'"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l color -d 'Whether to use colours: auto means on a terminal, unless `NO_COLOR` is set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l select -d 'Only these rules: codes such as `VQ101`, names, or groups such as `VQ1xx` or `refused`' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l ignore -d 'All but these' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l schema -d 'Hold each domain against libvirt\'s own schema, too, as installed here or in this file; tells of every fault where it is' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l fail-on -d 'What is bad enough for exit status 1' -r -f -a "error\t''
warning\t''
note\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l all -d 'All domains of that libvirt'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l fix -d 'Make the fixes that are safe: the guest sees the same disks, and nothing that it could do is refused'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l diff -d 'Show what --fix would do, as a diff, and change nothing'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l unsafe -d 'With --fix or --diff: make the fixes that need somebody to look, too'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -l libvirt -d 'Ask libvirt itself whether it would take each domain: the drivers installed here, in a temporary root where nothing is defined and no hook runs, or with --connect that libvirt'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand lint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand explain" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand explain" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand mount" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand mount" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand mount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand umount" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand umount" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand umount" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l share -d 'The share that the image is on, by the name that the configuration gives it' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l export -d 'The share by its export: a configured one, or one for which the domain\'s metadata asks and which the policy allows' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l image -d 'The image, by its name on the share' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l target -d 'Where the guest has it: vda, sdb, hdc' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l connect -d 'Ask this libvirt, one of this host' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l device -d 'A hard disk, or a CD drive with the image in it' -r -f -a "disk\t''
cdrom\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l bus -d '[default: virtio for vd, scsi for sd, sata for the sd of a CD drive, ide for hd]' -r -f -a "virtio\t''
scsi\t''
sata\t''
usb\t''
ide\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l serial -d 'A serial number, for /dev/disk/by-id' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l boot -d 'Its place in the order in which the firmware tries to boot, from 1' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l unit -d 'Its place on the first controller of its bus (scsi, sata)' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l logical-block-size -d 'The smallest unit of I/O, in bytes [default: QEMU\'s, 512]' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l physical-block-size -d 'The unit of I/O that costs nothing extra, in bytes [default: QEMU\'s, 512]' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l format -d 'What the image is [default: raw]' -r -f -a "raw\t''
qcow2\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l cache -d 'What the host keeps in memory' -r -f -a "none\t''
directsync\t''
writethrough\t''
writeback\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l io -d 'How I/O is done' -r -f -a "native\t''
threads\t''
io_uring\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l discard -d 'Give back blocks that the guest no longer needs; \'ignore\' says that they stay' -r -f -a "unmap\t''
ignore\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l detect-zeroes -d 'Look for zeroes that the guest writes' -r -f -a "off\t''
on\t''
unmap\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l error-policy -d 'When a write fails' -r -f -a "stop\t''
report\t''
ignore\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l rerror-policy -d 'When a read fails' -r -f -a "stop\t''
report\t''
ignore\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l iothread -d 'The domain\'s I/O thread for it, from 1 (virtio)' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l queues -d 'How many queues it has (virtio)' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l limit -d 'Limit what it may do; repeat for more. KEY is one of libvirt\'s <iotune>, such as total_bytes_sec or read_iops_sec_max' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l secret -d 'The libvirt secret with the passphrase of an image that is encrypted with LUKS' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l persistent -d 'At the guest\'s next starts too'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l readonly -d 'The guest may not write'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -l shareable -d 'Other guests may have the same image at the same time; raw only'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand detach" -l connect -d 'Ask this libvirt, one of this host' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand detach" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand detach" -l persistent -d 'At the guest\'s next starts too'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand detach" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand detach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l abort -d 'Give up the connection to this share\'s client, which hangs: all its guests get I/O errors' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l detach -d 'Take this share\'s dead mount away from under its guests, so that others can start on a new one' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l revive -d 'Give guests their disks back after a client died, and they go on without a reboot: those of this share, this guest (by name or UUID; where a share has that name too, domain:NAME), or all whose share is dead, or gone, or that an earlier revival has left paused' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l connect -d 'Ask this libvirt' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l apply -d 'Do it'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l accept-unflushed-loss -d 'With --revive: also those that may have lost what they had not flushed'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l yes -d 'Do not ask before --abort, --detach or --revive'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand recover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand renew" -l connect -d 'Ask this libvirt for the guests' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand renew" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand renew" -l yes -d 'Do not ask'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand renew" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand renew" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand watch" -l every -d 'How often to look' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand watch" -l at-most -d 'How many revivals of one share may begin within an hour' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand watch" -l connect -d 'Ask this libvirt' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand watch" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l share -d 'The share that the image is on, by the name that the configuration gives it' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l export -d 'The share by its export, which must be configured or allowed by the configuration\'s policy' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l image -d 'The image, by its name on the share' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l target -d 'Where the guest has it: vda, sdb, hdc' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l device -d 'A hard disk, or a CD drive with the image in it' -r -f -a "disk\t''
cdrom\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l bus -d '[default: virtio for vd, scsi for sd, sata for the sd of a CD drive, ide for hd]' -r -f -a "virtio\t''
scsi\t''
sata\t''
usb\t''
ide\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l serial -d 'A serial number, for /dev/disk/by-id' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l boot -d 'Its place in the order in which the firmware tries to boot, from 1' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l unit -d 'Its place on the first controller of its bus (scsi, sata)' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l logical-block-size -d 'The smallest unit of I/O, in bytes [default: QEMU\'s, 512]' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l physical-block-size -d 'The unit of I/O that costs nothing extra, in bytes [default: QEMU\'s, 512]' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l format -d 'What the image is [default: raw]' -r -f -a "raw\t''
qcow2\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l cache -d 'What the host keeps in memory' -r -f -a "none\t''
directsync\t''
writethrough\t''
writeback\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l io -d 'How I/O is done' -r -f -a "native\t''
threads\t''
io_uring\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l discard -d 'Give back blocks that the guest no longer needs; \'ignore\' says that they stay' -r -f -a "unmap\t''
ignore\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l detect-zeroes -d 'Look for zeroes that the guest writes' -r -f -a "off\t''
on\t''
unmap\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l error-policy -d 'When a write fails' -r -f -a "stop\t''
report\t''
ignore\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l rerror-policy -d 'When a read fails' -r -f -a "stop\t''
report\t''
ignore\t''"
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l iothread -d 'The domain\'s I/O thread for it, from 1 (virtio)' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l queues -d 'How many queues it has (virtio)' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l limit -d 'Limit what it may do; repeat for more. KEY is one of libvirt\'s <iotune>, such as total_bytes_sec or read_iops_sec_max' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l secret -d 'The libvirt secret with the passphrase of an image that is encrypted with LUKS' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l into -d 'This domain with the disk and the request in it, and every other byte as it was; \'-\' for standard input' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l nova -d 'Print exactly what Nova writes for a volume: JSON with connection_info, disk_info and, for LUKS, secret_uuid; \'-\' for standard input' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l mount-base -d 'Nova\'s quobyte_mount_point_base' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l readonly -d 'The guest may not write'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l shareable -d 'Other guests may have the same image at the same time; raw only'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l metadata -d 'Not the disk, but the request for its share, for \'virsh metadata --set\''
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -l recommended -d 'Add what is held better here: the guest pauses while its storage is away'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand disk-xml" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and not __fish_seen_subcommand_from check help" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and not __fish_seen_subcommand_from check help" -s h -l help -d 'Print help'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "check" -d 'Check the configuration as the hook would read it, and list its shares'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the configuration as the hook would read it, and list its shares'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand doctor" -l connect -d 'Look at this libvirt, and at nothing else' -r
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand doctor" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand doctor" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand selftest" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand selftest" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand selftest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand install" -l hooks-dir -d 'libvirt\'s directory of hooks' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand install" -l hook -d 'The hook [default: virt-quobyte-hook where systems have their programs]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand install" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand install" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand uninstall" -l hooks-dir -d 'libvirt\'s directory of hooks' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand uninstall" -l config -d 'Read this configuration, and its drop-ins beside it [default: /etc/virt-quobyte/config.toml]' -r -F
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand uninstall" -l json -d 'Print JSON'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "status" -d 'Show the shares: whether they are well, who holds them, and what is out of line'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "needs" -d 'Show which shares a domain needs, and every path in its XML that was looked at'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "lint" -d 'Find what is wrong with domains\' XML, seen from where their disks lie'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "explain" -d 'Explain a rule of lint: what it finds, why that is wrong, and where that is known from'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "mount" -d 'Mount a share by hand, and hold it until \'umount\''
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "umount" -d 'Let go of a share that was mounted by hand, and unmount it if nobody else holds it'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "attach" -d 'Give a running guest a disk on a share, and have the guest hold the share'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "detach" -d 'Take a disk on a share from a running guest, and have the guest let go of the share'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "recover" -d 'Show what crashes have left behind, and with --apply put it right'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "renew" -d 'Give a share another client while its guests run: after an upgrade, or with other options'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "watch" -d 'Watch the shares that guests hold, and revive guests whose client died, where they lose nothing by it'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "disk-xml" -d 'Print the XML of a disk on a share, alone or within a domain'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "config" -d 'Check the configuration'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "doctor" -d 'Show whether this host can run guests on Quobyte volumes, and what to type where it cannot'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "selftest" -d 'Try the Quobyte client with a volume, and show which of the assumptions about it hold'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "install" -d 'Have libvirt run the hook: link it into libvirt\'s directory of hooks'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "uninstall" -d 'Have libvirt run the hook no more: remove the link to it from libvirt\'s directory of hooks'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and not __fish_seen_subcommand_from status needs lint explain mount umount attach detach recover renew watch disk-xml config doctor selftest install uninstall help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c virt-quobyte -n "__fish_virt_quobyte_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the configuration as the hook would read it, and list its shares'

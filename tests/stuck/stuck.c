/* A process whose arguments nobody can read: whoever reads /proc/PID/cmdline waits for as long as it lives, as ps(1) does.
 *
 * It maps a file and writes to it. At a line on its standard input, by when the file's client has fallen silent, one thread
 * takes the mapping away: with the lock of the process's memory in its hand it waits until the client has taken what was
 * written. Another thread asks for the same lock in order to write, and is next in the queue before all readers. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void *unmap(void *mapping)
{
    munmap(mapping, 1);
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    char line;
    int file = count > 1 ? open(arguments[1], O_RDWR) : -1;
    char *mapping = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    if (mapping == MAP_FAILED)
        return perror("mapping the file"), 1;
    *mapping = 'x';
    puts("ready");
    fflush(stdout);
    if (read(0, &line, 1) != 1 || pthread_create(&thread, NULL, unmap, mapping) != 0)
        return perror("going on"), 1;
    usleep(100000);
    mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pause();
    return 0;
}
